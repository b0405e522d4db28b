import { parseJsonObject } from '../refresh/response-body.js';
import type { Fields } from '../refresh/response-body.js';
import { parseRetryAfter } from '../refresh/retry-after.js';
import { safeText } from '../refresh/safe-text.js';
import type { RawAnswer } from '../refresh/token-response.js';

/** What came of asking the application for a sync, in a word. Values of a metric label. */
export const syncOutcomes = ['success', 'partial', 'quota', 'in_progress', 'failed'] as const;
export type SyncOutcome = (typeof syncOutcomes)[number];

/** Why a call of a sync endpoint failed: the closed list. */
export type SyncCallFailure =
  /** 401, 403 or 404: the call is not what the application wants. */
  | 'rejected'
  | 'rate_limited'
  /** A status of 500 or more. */
  | 'server_error'
  /** The application says that the sync failed. */
  | 'other_error'
  | 'timeout'
  | 'network'
  /** A page, a redirect, or nothing. */
  | 'unparseable_response';

/**
 * What an application said about one sync. A claim: the last success in the database is the proof.
 * `detail` is for people: short and printable, no secret, never a raw body.
 */
export type SyncAnswer =
  | { readonly outcome: 'success'; readonly stored: number | null; readonly detail: string }
  /** It ended well, with errors inside. */
  | {
      readonly outcome: 'partial';
      readonly stored: number | null;
      readonly errors: number;
      readonly detail: string;
    }
  /** More calls are of no use before somebody raises it. */
  | { readonly outcome: 'quota'; readonly detail: string }
  /** Another sync of this user is under way. */
  | {
      readonly outcome: 'in_progress';
      readonly retryAfterMs: number | null;
      readonly detail: string;
    }
  | {
      readonly outcome: 'failed';
      readonly reason: SyncCallFailure;
      readonly retryAfterMs: number | null;
      readonly detail: string;
    };

const longestRetryAfterMs = 3_600_000;

/** Says what an answer of a sync endpoint means. Never throws. */
export function parseSyncAnswer(raw: RawAnswer, secrets: readonly string[]): SyncAnswer {
  const fields = parseJsonObject(raw.body);
  const detail = safeText(describe(raw, fields), secrets);
  const retryAfterMs = retryAfter(raw, fields);
  const failed = (reason: SyncCallFailure): SyncAnswer => ({
    outcome: 'failed',
    reason,
    retryAfterMs,
    detail,
  });
  const { status } = raw;
  if (status === 402) return { outcome: 'quota', detail };
  if (status === 409) return { outcome: 'in_progress', retryAfterMs, detail };
  if (status === 429) return failed('rate_limited');
  if (status === 401 || status === 403 || status === 404) return failed('rejected');
  if (status >= 500) return failed('server_error');
  if (fields === null || (status >= 300 && status < 400)) return failed('unparseable_response');
  if (status >= 400 || fields['success'] === false) return failed('other_error');
  const stored = countOf(fields['meetings_synced']);
  const errors = countErrors(fields['errors']);
  return errors === 0
    ? { outcome: 'success', stored, detail }
    : { outcome: 'partial', stored, errors, detail };
}

function countErrors(errors: unknown): number {
  if (Array.isArray(errors)) return errors.length;
  return errors === undefined || errors === null || errors === '' || errors === 0 ? 0 : 1;
}

function retryAfter({ headers }: RawAnswer, fields: Fields | null): number | null {
  const seconds = fields?.['retry_after_seconds'];
  if (typeof seconds === 'number' && Number.isFinite(seconds)) {
    return Math.min(Math.max(Math.ceil(seconds * 1_000), 0), longestRetryAfterMs);
  }
  return parseRetryAfter(headers['retry-after'], headers.date);
}

function describe({ status, body }: RawAnswer, fields: Fields | null): string {
  const parts = [`HTTP ${String(status)}`];
  const stored = countOf(fields?.['meetings_synced']);
  const found = countOf(fields?.['total_meetings_found']);
  if (stored !== null)
    parts.push(`stored ${String(stored)}${found === null ? '' : ` of ${String(found)}`}`);
  const errors: unknown = fields?.['errors'];
  if (Array.isArray(errors) && errors.length > 0) parts.push(`${String(errors.length)} errors`);
  const said: unknown[] = [
    fields?.['error'],
    fields?.['message'],
    Array.isArray(errors) ? errors[0] : errors,
  ];
  const words = said.find((value) => typeof value === 'string' && value !== '');
  if (typeof words === 'string') parts.push(words);
  if (status >= 300 && status < 400) parts.push('a redirect, which is not followed');
  else if (fields === null && body.length > 0) parts.push('the answer is not JSON');
  if (status === 401 || status === 403) parts.push('check the credentials it is called with');
  if (status === 404) parts.push('check its URL');
  return parts.join(': ');
}

function countOf(value: unknown): number | null {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 ? value : null;
}
