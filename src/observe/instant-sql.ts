/** SQL for an instant as epoch milliseconds, rounded down so that `<` against a whole one holds. */
export function epochMs(sql: string): string {
  return `floor(extract(epoch FROM ${sql}) * 1000)::float8`;
}

/** The years that ISO 8601 writes as Postgres reads them. */
export const firstInstantMs = Date.parse('0001-01-01T00:00:00Z');
export const lastInstantMs = Date.parse('9999-12-31T23:59:59Z');

/**
 * An instant as a value for `$1::timestamptz`, kept within the years that ISO 8601 writes as
 * Postgres reads them: a threshold of thousands of years is one that nothing reaches.
 */
export function instantParameter(ms: number): string {
  return new Date(Math.min(Math.max(ms, firstInstantMs), lastInstantMs)).toISOString();
}
