import type { TokenRow } from '../observe/token-rows.js';
import type { RefreshOutcome } from './refresh-outcome.js';

/**
 * Says what a call of the application's endpoint brought for one row: the row before and after it
 * decides. `problem` is what was wrong with the call; null: nothing that it told.
 */
export function judgeAppCall(
  before: TokenRow,
  after: TokenRow | undefined,
  now: Date,
  problem: string | null,
  isDue: boolean,
): RefreshOutcome {
  const atMs = now.getTime();
  if (after === undefined) return { kind: 'released', because: 'gone' };
  const { expiresAtMs } = after;
  if (expiresAtMs !== null && expiresAtMs > (before.expiresAtMs ?? -Infinity)) {
    return {
      kind: 'refreshed',
      atMs,
      expiresAtMs,
      expiresInMs: expiresAtMs > atMs && Number.isFinite(expiresAtMs) ? expiresAtMs - atMs : null,
      fingerprint: '',
      recovered: false,
    };
  }
  // The application may rightly skip what is not due.
  if (!isDue && problem === null) return { kind: 'released', because: 'not_due' };
  return {
    kind: 'failed',
    atMs,
    reason: 'not_advanced',
    detail: problem ?? 'the endpoint reported no fault, but the expiry did not move',
    fingerprint: null,
    currentFingerprint: null,
    retryAfterMs: null,
  };
}
