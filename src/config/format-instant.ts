/** `2025-11-27 08:12:05Z`, as Postgres spells infinity, null where no expiry is recorded. */
export function formatInstant(ms: number | null): string | null {
  if (ms === null) return null;
  if (!Number.isFinite(ms)) return ms > 0 ? 'infinity' : '-infinity';
  const date = new Date(ms);
  // Postgres reaches further than Date does.
  if (Number.isNaN(date.getTime())) return ms > 0 ? 'after 275760' : 'before -271821';
  return date
    .toISOString()
    .replace('T', ' ')
    .replace(/\.\d+Z$/, 'Z');
}

/** As JSON has it: ISO 8601 to the millisecond, where it is an instant that ISO 8601 can write. */
export function isoInstant(ms: number | null): string | null {
  const date = new Date(ms ?? Number.NaN);
  return Number.isNaN(date.getTime()) ? formatInstant(ms) : date.toISOString();
}
