import type { Pool } from 'pg';
import { prepared } from '../database/prepared-statement.js';
import { writeStatement, writeTransaction } from '../database/write-transaction.js';
import { expiryMs, readRows } from './app-rows.js';
import type { AppRow } from './app-rows.js';
import type { AppTable } from './app-table.js';

/** New tokens for a row. Holds secrets. */
export interface NewTokens {
  readonly tokenId: string;
  /** The refresh token that was used: only a row that still holds it is written. null: none does. */
  readonly used: string | null;
  readonly accessToken: string;
  /** null: the server did not rotate. */
  readonly refreshToken: string | null;
  /** null: unknown; the column is left as it is. */
  readonly expiresAtMs: number | null;
}

export type StoreResult =
  /** The expiry is what the column holds now: its type may be coarser than ours. */
  | { readonly kind: 'stored'; readonly expiresAtMs: number | null }
  /** The row holds another token than the one we used: somebody refreshed it, theirs stays. */
  | { readonly kind: 'superseded' }
  | { readonly kind: 'gone' }
  /** The row still holds the token we used, and could not be written: somebody locks it, say. */
  | { readonly kind: 'failed' };

/**
 * Stores new tokens where the row still holds the refresh token that was used, in one statement;
 * of what was not written, says why. Never overwrites anyone else's newer token, and never waits
 * for a row that somebody locks: the others of the batch would wait with it.
 */
export async function storeTokens(
  pool: Pool,
  table: AppTable,
  tokens: readonly NewTokens[],
): Promise<ReadonlyMap<string, StoreResult>> {
  const input = tokens.map((each) => ({
    ...each,
    expiresAt: each.expiresAtMs === null ? null : new Date(each.expiresAtMs).toISOString(),
  }));
  const stored = await writeStatement<{ tokenId: string; expiresAtMs: number | null }>(
    pool,
    prepared(storeSql(table)),
    [JSON.stringify(input)],
  );
  const results = new Map(
    stored.map(({ tokenId, expiresAtMs }): [string, StoreResult] => [
      tokenId,
      { kind: 'stored', expiresAtMs },
    ]),
  );
  const others = tokens.filter(({ tokenId }) => !results.has(tokenId));
  if (others.length === 0) return results;
  const ids = others.map(({ tokenId }) => tokenId);
  const found = await writeTransaction(pool, (query) => readRows(query, table, ids));
  const rows = new Map(found.map((row) => [row.tokenId, row]));
  for (const each of others) results.set(each.tokenId, judgeUnstored(each, rows.get(each.tokenId)));
  return results;
}

function judgeUnstored(tokens: NewTokens, row: AppRow | undefined): StoreResult {
  if (row === undefined) return { kind: 'gone' };
  const { expiresAtMs } = row;
  const rotated = tokens.refreshToken !== null && tokens.refreshToken !== tokens.used;
  if (rotated && row.refreshToken === tokens.refreshToken) return { kind: 'stored', expiresAtMs };
  if (tokens.used === null || row.refreshToken !== tokens.used) return { kind: 'superseded' };
  // Without rotation a row that is as new needs nothing: it is ours already, or as good.
  const isAsNew =
    !rotated &&
    expiresAtMs !== null &&
    tokens.expiresAtMs !== null &&
    expiresAtMs >= tokens.expiresAtMs;
  return isAsNew ? { kind: 'stored', expiresAtMs } : { kind: 'failed' };
}

/**
 * Without rotation the refresh token can't tell an older answer from a newer one: the expiry must
 * then be later than the row's.
 */
function storeSql(table: AppTable): string {
  const { secretsAlias: alias, expiresAt } = table;
  const set = [
    `${table.accessToken} = input."accessToken"`,
    `${table.refreshToken} = coalesce(input."refreshToken", ${alias}.${table.refreshToken})`,
  ];
  const newExpiry = expiresAt?.fromInstant('input."expiresAt"');
  const writesExpiryHere = expiresAt !== null && expiresAt.alias === alias;
  if (writesExpiryHere && newExpiry !== undefined) {
    set.push(`${expiresAt.name} = coalesce(${newExpiry}, ${alias}.${expiresAt.name})`);
  }
  const isNewer =
    expiresAt === null
      ? 'true'
      : `(input."refreshToken" IS DISTINCT FROM input.used AND input."refreshToken" IS NOT NULL
          OR input."expiresAt" IS NULL OR ${expiresAt.instant} IS NULL
          OR input."expiresAt" > ${expiresAt.instant})`;
  const idMatches = `t.${table.id} = input."tokenId"::${table.idType}`;
  const from =
    table.link === null
      ? `FROM free AS input WHERE ${idMatches}`
      : `FROM free AS input JOIN ${table.tokenTable} AS t ON ${idMatches} WHERE ${table.link}`;
  const elsewhere =
    expiresAt !== null && !writesExpiryHere && newExpiry !== undefined
      ? `, expiry AS (
           UPDATE ${table.tokenTable} AS t SET ${expiresAt.name} = ${newExpiry}
           FROM input JOIN stored USING ("tokenId")
           WHERE ${idMatches} AND input."expiresAt" IS NOT NULL
           RETURNING input."tokenId", ${expiryMs(table)} AS "expiresAtMs")
         SELECT "tokenId", coalesce(expiry."expiresAtMs", stored."expiresAtMs") AS "expiresAtMs"
         FROM stored LEFT JOIN expiry USING ("tokenId")`
      : ' SELECT * FROM stored';
  return `WITH input AS (
            SELECT * FROM jsonb_to_recordset($1::jsonb) AS x(
              "tokenId" text, used text, "accessToken" text, "refreshToken" text,
              "expiresAt" timestamptz)
          ), free AS (
            SELECT input.* FROM ${table.from}, input WHERE ${idMatches}
            FOR NO KEY UPDATE OF ${alias} SKIP LOCKED
          ), stored AS (
            UPDATE ${table.secretsTable} AS ${alias} SET ${set.join(', ')}
            ${from} AND ${alias}.${table.refreshToken} = input.used AND ${isNewer}
            RETURNING input."tokenId", ${expiryMs(table)} AS "expiresAtMs"
          )${elsewhere}`;
}
