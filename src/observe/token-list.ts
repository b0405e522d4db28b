import type { Query } from '../database/read-snapshot.js';
import type { TokenSource } from './token-source.js';
import { epochMs } from './tokens.js';

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

const fetchSize = 2_000;

/**
 * Reads every token of a provider in the runbook's order: no expiry first, then the soonest.
 *
 * Must run inside a transaction: it reads through a cursor, so that a large table is never held
 * twice in memory.
 */
export async function readTokenList(query: Query, source: TokenSource): Promise<ListedToken[]> {
  await query(
    `DECLARE token_list NO SCROLL CURSOR FOR
     SELECT ${source.id} AS id, ${source.subject} AS subject, ${source.account} AS account,
            ${epochMs(source.expiresAt)} AS "expiresAtMs", ${source.active} AS active,
            ${source.status} AS "appStatus"
     FROM ${source.from}
     ORDER BY ${source.expiresAt} ASC NULLS FIRST, 1`,
  );
  const tokens: ListedToken[] = [];
  for (;;) {
    const rows = await query<ListedToken & Record<string, unknown>>(
      `FETCH ${String(fetchSize)} FROM token_list`,
    );
    tokens.push(...rows);
    if (rows.length < fetchSize) break;
  }
  await query('CLOSE token_list');
  return tokens;
}
