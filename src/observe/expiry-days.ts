import type { Query } from '../database/read-snapshot.js';
import { instantParameter } from './instant-sql.js';
import type { TokenSource } from './token-source.js';

/** How many tokens expire on one day (UTC). */
export interface ExpiryDay {
  /** Days since 1970. */
  readonly day: number;
  readonly active: boolean;
  readonly tokens: number;
}

/** How far the calendar of expiries reaches, today included. */
export const calendarDays = 90;

/** Counts the tokens that expire from `now` on by day, where no row is remembered. */
export async function readExpiryDays(
  query: Query,
  source: TokenSource,
  now: Date,
): Promise<ExpiryDay[]> {
  const dayMs = 86_400_000;
  const endMs = (Math.floor(now.getTime() / dayMs) + calendarDays) * dayMs;
  return query<ExpiryDay & Record<string, unknown>>(
    `SELECT floor(extract(epoch FROM expires_at) / 86400)::float8 AS day, active,
            count(*)::float8 AS tokens
     FROM (SELECT ${source.expiresAt} AS expires_at, ${source.active} AS active
           FROM ${source.from}) AS tokens
     WHERE expires_at >= $1::timestamptz AND expires_at < $2::timestamptz
     GROUP BY 1, 2 ORDER BY 1, 2`,
    [instantParameter(now.getTime()), instantParameter(endMs)],
  );
}
