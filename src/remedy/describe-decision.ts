import type { DueBecause, NeverDueBecause, RefreshDecision } from '../assess/refresh-due.js';
import { formatInstant } from '../config/format-instant.js';

const dueReasons: Readonly<Record<DueBecause, string>> = {
  expiry: 'its expiry',
  declared_lifetime: 'the declared lifetime, counted from the last refresh',
  sync_auth_failure: 'a sync that its access token made fail',
};

const neverReasons: Readonly<Record<NeverDueBecause, string>> = {
  disabled: 'its row is inactive',
  dead: 'its grant is dead: the user must authorize again',
  no_refresh_token: 'it has no refresh token: the user must authorize again',
  infinite: 'it never expires',
  no_expiry: 'it has no expiry, and nothing stands in for one',
};

/** When a token is refreshed and why, in a few words. */
export function describeDecision(decision: RefreshDecision): string {
  switch (decision.because) {
    case 'expiry':
    case 'declared_lifetime':
    case 'sync_auth_failure':
      return `due since ${instant(decision.dueAtMs)}, by ${dueReasons[decision.because]}`;
    case 'not_yet':
      return `due at ${instant(decision.dueAtMs)}`;
    case 'backing_off':
      return `backing off until ${instant(decision.notBeforeMs)}`;
    case 'disabled':
    case 'dead':
    case 'no_refresh_token':
    case 'infinite':
    case 'no_expiry':
      return neverReasons[decision.because];
  }
}

function instant(ms: number): string {
  return formatInstant(ms) ?? '';
}
