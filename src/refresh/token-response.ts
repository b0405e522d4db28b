import type { FailureReason } from './failure-reason.js';
import { type Fields, parseForm, parseJsonObject } from './response-body.js';
import { parseRetryAfter } from './retry-after.js';
import { safeText } from './safe-text.js';

/** An answer as it came: what the journal keeps before anything looks at it. Holds secrets. */
export interface RawAnswer {
  readonly status: number;
  readonly headers: {
    readonly 'content-type'?: string;
    readonly 'retry-after'?: string;
    readonly date?: string;
  };
  readonly body: Buffer;
}

/** What a token endpoint said. */
export type TokenAnswer = TokensAnswer | FailureAnswer;

/** New tokens (RFC 6749 section 5.1). Holds secrets. */
export interface TokensAnswer {
  readonly kind: 'tokens';
  readonly accessToken: string;
  /** null: none was returned, so the one that was used stays valid (section 6). */
  readonly refreshToken: string | null;
  /** null: unknown. Never 0 and never invented. */
  readonly expiresInSeconds: number | null;
}

/** No tokens. */
export interface FailureAnswer {
  readonly kind: 'failure';
  readonly reason: FailureReason;
  /** The same request can't succeed: a parsed code of RFC 6749 section 5.2 and a status below 500. */
  readonly permanent: boolean;
  /** For people. Short and printable; never a secret, never a raw body. */
  readonly detail: string;
  readonly retryAfterMs: number | null;
}

/** The codes of RFC 6749 section 5.2. */
const errorCodes = new Set<string>([
  'invalid_request',
  'invalid_client',
  'invalid_grant',
  'unauthorized_client',
  'unsupported_grant_type',
  'invalid_scope',
] satisfies FailureReason[]);

/** Codes of other specifications that servers use at the token endpoint. All of them pass. */
const passingCodes: Readonly<Record<string, FailureReason>> = {
  rate_limited: 'rate_limited',
  server_error: 'server_error', // RFC 6749 section 4.1.2.1
  slow_down: 'rate_limited', // RFC 8628 section 3.5
  temporarily_unavailable: 'server_error', // RFC 6749 section 4.1.2.1
};

/** Longer is no lifetime but a way to say "never"; it would not fit a timestamp either. */
const longestLifetimeSeconds = 10_000_000_000;

/**
 * Says what an answer of a token endpoint means. Never throws, and never judges by status alone:
 * a proxy's 400 in HTML must not make a user authorize again, nor may GitHub's 200 with an
 * `error` pass for success.
 *
 * `aliases` are a provider's own codes (`bad_refresh_token` → `invalid_grant`); `secrets` is what
 * was sent, so that it can't come back in `detail`.
 */
export function parseTokenResponse(
  raw: RawAnswer,
  aliases: Readonly<Record<string, string>>,
  secrets: readonly string[],
): TokenAnswer {
  const fields = parseJsonObject(raw.body) ?? parseForm(raw.body);
  const accessToken = fields && tokenOf(fields['access_token']);
  if (fields && typeof accessToken === 'string' && raw.status >= 200 && raw.status < 300) {
    return {
      kind: 'tokens',
      accessToken,
      refreshToken: tokenOf(fields['refresh_token']),
      expiresInSeconds: parseLifetime(fields['expires_in']),
    };
  }
  const code = fields && codeOf(fields['error']);
  const description = fields?.['error_description'];
  const parts = [`HTTP ${raw.status}`];
  if (typeof code === 'string') parts.push(code);
  if (typeof description === 'string') parts.push(description);
  if (fields === null) parts.push(describeBody(raw));
  else if (code === null) parts.push('neither an access token nor an error code');
  return {
    kind: 'failure',
    ...judge(raw.status, code === null ? null : (lookUp(aliases, code) ?? code)),
    detail: safeText(parts.join(': '), [...secrets, ...secretsIn(fields)]),
    retryAfterMs: parseRetryAfter(raw.headers['retry-after'], raw.headers.date),
  };
}

function judge(status: number, code: string | null): { reason: FailureReason; permanent: boolean } {
  if (status === 429) return { reason: 'rate_limited', permanent: false };
  if (status >= 500) return { reason: 'server_error', permanent: false };
  if (code === null) return { reason: 'unparseable_response', permanent: false };
  if (isErrorCode(code)) return { reason: code, permanent: true };
  return { reason: lookUp(passingCodes, code) ?? 'other_error', permanent: false };
}

function isErrorCode(code: string): code is FailureReason {
  return errorCodes.has(code);
}

/** A token that came whole: text, not empty, without NUL or traces of a failed decoding. */
function tokenOf(value: unknown): string | null {
  return typeof value === 'string' && value !== '' && !/[\0\ufffd\p{Cs}]/u.test(value)
    ? value
    : null;
}

/** An error that is no text is still an error; a null or empty one is none. */
function codeOf(value: unknown): string | null {
  if (typeof value === 'string') return value === '' ? null : value;
  return typeof value === 'object' && value !== null ? 'error' : null;
}

/**
 * Whole seconds, rounded down. 0 and less are null as well: some servers mean "never expires" by
 * it, and a lifetime of nothing would make the token due again at once, for ever.
 */
function parseLifetime(value: unknown): number | null {
  const seconds =
    typeof value === 'string' && /^\s*\d+(\.\d+)?\s*$/.test(value) ? Number(value) : value;
  if (typeof seconds !== 'number' || !(seconds >= 1 && seconds <= longestLifetimeSeconds)) {
    return null;
  }
  return Math.floor(seconds);
}

/** Own entries only: an error code may be called `constructor`. */
function lookUp<T>(table: Readonly<Record<string, T>>, key: string): T | undefined {
  return Object.hasOwn(table, key) ? table[key] : undefined;
}

function secretsIn(fields: Fields | null): string[] {
  return ['access_token', 'refresh_token', 'id_token']
    .map((name) => fields?.[name])
    .filter((value) => typeof value === 'string');
}

function describeBody({ headers, body }: RawAnswer): string {
  if (body.length === 0) return 'an empty body';
  const start = body.subarray(0, 512).toString('latin1').trimStart().toLowerCase();
  if (start.startsWith('<')) return 'a page instead of an answer';
  return `${body.length} bytes of ${headers['content-type'] ?? 'an unnamed type'}, neither JSON nor a form`;
}
