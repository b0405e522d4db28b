import type { AppCallClaim } from '../store/app-call.js';
import type { RequestAnswer } from '../store/refresh-requests.js';
import type { RefreshOutcome, ReleaseReason } from './refresh-outcome.js';

/** What came of a token that a person asked for. */
export interface ForcedOutcome extends RequestAnswer {
  /** left_alone: nothing was sent. */
  readonly outcome: 'refreshed' | 'failed' | 'left_alone';
}

/** Why nothing was tried for a token that a person asked for. */
export const passedOver = {
  held: 'somebody holds its claim: its refresh is under way, or a crash left it (journal list)',
  paused: 'the provider is paused: one token was tried in this pause, the others wait',
  stopping: 'the exporter stops',
  memory: 'the memory could not be used; try again',
  unfinished: 'it ended without an outcome; an answer, if one came, is kept in the journal',
} as const;

/** Why the endpoint of the application is not called now. */
export function callRefusal(claim: Exclude<AppCallClaim, { kind: 'claimed' }>): string {
  switch (claim.kind) {
    case 'under_way':
      return "the application's endpoint is being called; try again when that has ended";
    case 'too_recent':
      return `the last call of the application's endpoint has only just ended; try again after ${instant(claim.untilMs)}`;
    case 'backing_off':
      return `the last calls of the application's endpoint brought nothing; the next is at ${instant(claim.untilMs)}`;
  }
}

function instant(ms: number): string {
  return new Date(ms).toISOString();
}

const releases: Readonly<Record<ReleaseReason, string>> = {
  not_due: 'its row is inactive, or the application did not refresh it and it is not due',
  busy: 'somebody holds a lock on its row',
  gone: 'its row is gone',
  changed: 'its row changed before the request could leave',
  journal: 'the journal takes no requests; the log says why',
  database: 'its row could not be read',
  unsent: 'nothing was sent',
};

/** Says what an outcome means to whoever asked for it. */
export function forcedOutcome(outcome: RefreshOutcome): ForcedOutcome {
  switch (outcome.kind) {
    case 'refreshed':
      return {
        outcome: 'refreshed',
        reason: null,
        detail:
          outcome.expiresAtMs === null || !Number.isFinite(outcome.expiresAtMs)
            ? 'the answer told no expiry'
            : `expires at ${new Date(outcome.expiresAtMs).toISOString()}`,
      };
    case 'superseded':
      return {
        outcome: 'refreshed',
        reason: 'superseded',
        detail: 'somebody else refreshed it first; theirs stays',
      };
    case 'failed':
      return { outcome: 'failed', reason: outcome.reason, detail: outcome.detail };
    case 'released':
      return leftAlone(releases[outcome.because]);
  }
}

/** Nothing was sent, and why. */
export function leftAlone(detail: string): ForcedOutcome {
  return { outcome: 'left_alone', reason: null, detail };
}
