import { epochMs } from './instant-sql.js';
import type { Query } from '../database/read-snapshot.js';
import { fetchAll } from './fetch-all.js';
import type { TokenSource } from './token-source.js';

/** One row of a provider's table, reduced to what is remembered and judged. No secret. */
export interface TokenRow {
  readonly id: string;
  readonly subject: string | null;
  /** What a person would recognise the token by. Personal data. */
  readonly account: string | null;
  readonly active: boolean;
  /** Epoch milliseconds, rounded down; null where none is recorded, ±Infinity for infinity. */
  readonly expiresAtMs: number | null;
  /** null: this role may not see whether there is one. */
  readonly hasRefreshToken: boolean | null;
}

/** The select list that yields a `TokenRow`. */
export function tokenRowColumns(source: TokenSource): string {
  return `${source.id} AS id, ${source.subject} AS subject, ${source.account} AS account,
          ${source.active} AS active,
          ${epochMs(source.expiresAt)} AS "expiresAtMs",
          ${source.hasRefreshToken} AS "hasRefreshToken"`;
}

/** Reads every row that has an id. Must run inside a transaction. */
export async function readTokenRows(query: Query, source: TokenSource): Promise<TokenRow[]> {
  return fetchAll<TokenRow>(
    query,
    `SELECT ${tokenRowColumns(source)} FROM ${source.from} WHERE ${source.id} IS NOT NULL`,
  );
}
