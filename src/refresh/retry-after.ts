/** Beyond this a pause is our own decision: a wrong header must not park tokens until they die. */
export const maxRetryAfterMs = 60 * 60 * 1000;

/**
 * Reads a Retry-After header (RFC 9110 section 10.2.3), seconds or an HTTP date, as a duration
 * from 0 to an hour. A date counts from the answer's own Date header, so that both come from the
 * server's clock; without one, and for anything else, null.
 */
export function parseRetryAfter(retryAfter: string | undefined, date: string | undefined) {
  if (retryAfter === undefined) return null;
  const value = retryAfter.trim();
  const milliseconds = /^\d+(\.\d+)?$/.test(value)
    ? Number(value) * 1000
    : httpDateMs(value) - httpDateMs(date?.trim() ?? '');
  if (Number.isNaN(milliseconds)) return null;
  return Math.min(Math.max(Math.ceil(milliseconds), 0), maxRetryAfterMs);
}

/** NaN for what is no date. `Date.parse` alone would take `-5` for a year. */
function httpDateMs(text: string): number {
  return /^[A-Z][a-z]{2,8},? /.test(text) ? Date.parse(text) : Number.NaN;
}
