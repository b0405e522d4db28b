import type { FailureReason } from './failure-reason.js';
import { type Fields, parseJsonObject } from './response-body.js';
import { parseRetryAfter } from './retry-after.js';
import { safeText } from './safe-text.js';
import type { RawAnswer } from './token-response.js';

/** How many tokens an app's refresh endpoint says it dealt with, and how. */
export interface RefreshClaim {
  readonly refreshed: number;
  readonly failed: number;
  readonly needsReconnect: number;
  readonly skipped: number;
}

/** What an app's refresh endpoint said about one call. */
export interface AppEndpointAnswer {
  /**
   * For the log and a counter only: what became of each token is what the database says
   * afterwards. null when the answer claims nothing, as an endpoint for one user may.
   */
  readonly claimed: RefreshClaim | null;
  /** Why the call as a whole failed. null is no proof that any token was refreshed. */
  readonly failure: FailureReason | null;
  /** For people. Short and printable; never a secret, never a raw body, no e-mail address. */
  readonly detail: string;
  readonly retryAfterMs: number | null;
}

/**
 * Says what an answer of an app's refresh endpoint means. Never throws. Judges the call only: the
 * reference endpoint answers 200 with `success: true` even when every token failed.
 */
export function parseAppEndpointResponse(
  raw: RawAnswer,
  secrets: readonly string[],
): AppEndpointAnswer {
  const fields = parseJsonObject(raw.body);
  const claimed = fields && claimOf(fields);
  const failure = failureOf(raw, fields);
  return {
    claimed,
    failure,
    detail: safeText(describe(raw, fields, claimed), secrets),
    retryAfterMs: parseRetryAfter(raw.headers['retry-after'], raw.headers.date),
  };
}

function failureOf({ status, body }: RawAnswer, fields: Fields | null): FailureReason | null {
  if (status === 429) return 'rate_limited';
  if (status >= 500) return 'server_error';
  if (fields === null) {
    const isEmptySuccess = status >= 200 && status < 300 && body.length === 0;
    return isEmptySuccess ? null : 'unparseable_response';
  }
  const isSuccess = status >= 200 && status < 300 && fields['success'] !== false;
  return isSuccess ? null : 'other_error';
}

/** The summary, else a count of the results, else the shape that means "there were no rows". */
function claimOf(fields: Fields): RefreshClaim | null {
  const summary = objectOf(fields['summary']);
  if (summary !== null) {
    const refreshed = countOf(summary['refreshed']);
    const failed = countOf(summary['failed']);
    const needsReconnect = countOf(summary['needs_reconnect']);
    const skipped = countOf(summary['skipped']);
    if (refreshed !== null && failed !== null && needsReconnect !== null && skipped !== null) {
      return { refreshed, failed, needsReconnect, skipped };
    }
  }
  if (Array.isArray(fields['results'])) return countResults(fields['results']);
  if (fields['integrations_processed'] === 0) return countResults([]);
  return null;
}

function countResults(results: readonly unknown[]): RefreshClaim {
  const statuses = results.map((result) => objectOf(result)?.['status']);
  const count = (status: string) => statuses.filter((value) => value === status).length;
  return {
    refreshed: count('refreshed'),
    failed: count('failed'),
    needsReconnect: count('needs_reconnect'),
    skipped: count('skipped'),
  };
}

function describe(raw: RawAnswer, fields: Fields | null, claimed: RefreshClaim | null): string {
  const parts = [`HTTP ${raw.status}`];
  if (claimed !== null) {
    const { refreshed, failed, needsReconnect, skipped } = claimed;
    parts.push(
      `claims ${refreshed} refreshed, ${failed} failed, ` +
        `${needsReconnect} to reconnect, ${skipped} skipped`,
    );
  }
  const said = ['error', 'message', 'msg'].map((name) => fields?.[name]);
  const words = said.find((value) => typeof value === 'string' && value !== '');
  if (typeof words === 'string') parts.push(words);
  if (fields === null && raw.body.length > 0) parts.push('the answer is not JSON');
  if (raw.status === 401 || raw.status === 403)
    parts.push('check the credentials it is called with');
  if (raw.status === 404) parts.push('check its URL');
  return parts.join(': ');
}

function objectOf(value: unknown): Fields | null {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as Fields)
    : null;
}

function countOf(value: unknown): number | null {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 ? value : null;
}
