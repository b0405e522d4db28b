import { fetchedRows } from '../database/read-slices.js';
import type { Query } from '../database/read-snapshot.js';
import { fetchAll } from './fetch-all.js';
import { epochMs } from './instant-sql.js';
import type { TokenSource } from './token-source.js';
import type { ObservedToken } from './tokens.js';

/**
 * A SELECT of the most urgent tokens (id, active, expires_at), as many as `limit`, an SQL
 * expression, says: active before inactive, then the soonest expiry first.
 */
export function mostUrgentSql(source: TokenSource, limit: string): string {
  return `SELECT id, active, expires_at
          FROM (SELECT ${source.id} AS id, ${source.active} AS active,
                       ${source.expiresAt} AS expires_at
                FROM ${source.from}) AS tokens
          WHERE id IS NOT NULL
          ORDER BY active DESC, expires_at ASC NULLS LAST, id
          LIMIT ${limit}`;
}

/** Reads the `limit` most urgent tokens: many of them a slice at a time. */
export async function readMostUrgent(
  query: Query,
  source: TokenSource,
  limit: number,
): Promise<ObservedToken[]> {
  if (limit === 0) return [];
  const select = `SELECT id, active, ${epochMs('expires_at')} AS "expiresAtMs"
                  FROM (${mostUrgentSql(source, '$1')}) AS most_urgent`;
  return limit <= fetchedRows
    ? query<ObservedToken & Record<string, unknown>>(select, [limit])
    : fetchAll<ObservedToken>(query, select, [limit]);
}
