import { epochMs } from './instant-sql.js';
import type { Query } from '../database/read-snapshot.js';
import { fetchAll } from './fetch-all.js';
import type { TokenSource } from './token-source.js';

/** One token as people list it. */
export interface ListedToken {
  readonly id: string | null;
  readonly subject: string | null;
  readonly account: string | null;
  /** Epoch milliseconds, rounded down; null where none is recorded, ±Infinity for infinity. */
  readonly expiresAtMs: number | null;
  readonly active: boolean;
  /** The application's own word for it. */
  readonly appStatus: string | null;
}

/**
 * Reads every token of a provider in the runbook's order: no expiry first, then the soonest. Must
 * run inside a transaction.
 */
export async function readTokenList(query: Query, source: TokenSource): Promise<ListedToken[]> {
  return fetchAll<ListedToken>(
    query,
    `SELECT ${source.id} AS id, ${source.subject} AS subject, ${source.account} AS account,
            ${epochMs(source.expiresAt)} AS "expiresAtMs", ${source.active} AS active,
            ${source.status} AS "appStatus"
     FROM ${source.from}
     ORDER BY ${source.expiresAt} ASC NULLS FIRST, 1`,
  );
}
