import { createHash } from 'node:crypto';
import type { Query } from '../database/read-snapshot.js';
import type { AppTable } from './app-table.js';

/** A row of the application's table, as a refresh needs it. Holds a secret. */
export interface AppRow {
  readonly tokenId: string;
  /** null: the column holds none. */
  readonly refreshToken: string | null;
  readonly expiresAtMs: number | null;
  readonly active: boolean;
}

/** A row, or why it can't be refreshed now. */
export type LockedRow =
  | { readonly kind: 'row'; readonly row: AppRow }
  /** Deleted. */
  | { readonly kind: 'gone' }
  /** Somebody holds its lock: the application is writing it. */
  | { readonly kind: 'busy' }
  /** There, but this role may not update it: a policy is missing. */
  | { readonly kind: 'not_writable' }
  /** This role lacks a privilege, or the server takes no writes. */
  | { readonly kind: 'not_permitted' };

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
 * Hash of a refresh token, to tell whether it changed without keeping it. The token is random and
 * long, so its hash gives nothing away; provider and id are in it so that equal tokens differ.
 */
export function fingerprintOf(provider: string, tokenId: string, refreshToken: string): string {
  return createHash('sha256').update(`${provider}\n${tokenId}\n${refreshToken}`).digest('hex');
}

/**
 * Reads rows under a lock that proves that they can be written: grants, row-level security and a
 * server that is not a read-only standby. The caller commits at once; no lock outlives that.
 *
 * The only place where a refresh token is read.
 */
export async function lockRows(
  query: Query,
  table: AppTable,
  tokenIds: readonly string[],
): Promise<ReadonlyMap<string, LockedRow>> {
  const rows = await query<AppRow & Record<string, unknown>>(
    `${selectRows(table)} FOR NO KEY UPDATE OF ${table.secretsAlias} SKIP LOCKED`,
    [tokenIds],
  );
  const found = new Map(
    rows.map((row): [string, LockedRow] => [row.tokenId, { kind: 'row', row }]),
  );
  const missing = tokenIds.filter((id) => !found.has(id));
  if (missing.length > 0) {
    const there = new Set((await readRows(query, table, missing)).map(({ tokenId }) => tokenId));
    for (const id of missing) {
      found.set(id, there.has(id) ? await whyNotLocked(query, table, id) : { kind: 'gone' });
    }
  }
  return found;
}

/** Without SKIP LOCKED a locked row raises an error, and a row that policies forbid stays away. */
async function whyNotLocked(query: Query, table: AppTable, tokenId: string): Promise<LockedRow> {
  await query('SAVEPOINT probe');
  try {
    const rows = await query<AppRow & Record<string, unknown>>(
      `${selectRows(table)} FOR NO KEY UPDATE OF ${table.secretsAlias} NOWAIT`,
      [[tokenId]],
    );
    const row = rows[0];
    return row === undefined ? { kind: 'not_writable' } : { kind: 'row', row };
  } catch (error) {
    await query('ROLLBACK TO SAVEPOINT probe');
    if ((error as { code?: unknown }).code === '55P03') return { kind: 'busy' };
    throw error;
  }
}

/** Reads rows as they are, without a lock. Rows that are gone are left out. */
export async function readRows(
  query: Query,
  table: AppTable,
  tokenIds: readonly string[],
): Promise<AppRow[]> {
  return query<AppRow & Record<string, unknown>>(selectRows(table), [tokenIds]);
}

/** By id in its own type, so that the primary key's index serves. */
function selectRows(table: AppTable): string {
  const expires = table.expiresAt?.instant ?? 'NULL::timestamptz';
  return `SELECT t.${table.id}::text AS "tokenId",
                 nullif(${table.secretsAlias}.${table.refreshToken}, '') AS "refreshToken",
                 floor(extract(epoch FROM ${expires}) * 1000)::float8 AS "expiresAtMs",
                 ${table.active} AS active
          FROM ${table.from}
          WHERE t.${table.id} = ANY($1::${table.idType}[])`;
}

/**
 * Stores new tokens where the row still holds the refresh token that was used, in one statement;
 * of what was not written, says why. Never overwrites anyone else's newer token, and never waits
 * for a row that somebody locks: the others of the batch would wait with it.
 */
export async function storeTokens(
  query: Query,
  table: AppTable,
  tokens: readonly NewTokens[],
): Promise<ReadonlyMap<string, StoreResult>> {
  const input = tokens.map((each) => ({
    ...each,
    expiresAt: each.expiresAtMs === null ? null : new Date(each.expiresAtMs).toISOString(),
  }));
  const stored = await query<{ tokenId: string }>(storeSql(table), [JSON.stringify(input)]);
  const written = new Set(stored.map(({ tokenId }) => tokenId));
  const ids = tokens.map(({ tokenId }) => tokenId);
  const rows = new Map((await readRows(query, table, ids)).map((row) => [row.tokenId, row]));
  return new Map(
    tokens.map((each): [string, StoreResult] => {
      const row = rows.get(each.tokenId);
      return [each.tokenId, judgeStore(each, row, written.has(each.tokenId))];
    }),
  );
}

function judgeStore(tokens: NewTokens, row: AppRow | undefined, written: boolean): StoreResult {
  if (row === undefined) return { kind: 'gone' };
  const { expiresAtMs } = row;
  if (written) return { kind: 'stored', expiresAtMs };
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
      ? `FROM input JOIN free USING ("tokenId") WHERE ${idMatches}`
      : `FROM input JOIN free USING ("tokenId")
         JOIN ${table.tokenTable} AS t ON ${idMatches} WHERE ${table.link}`;
  const elsewhere =
    expiresAt !== null && !writesExpiryHere && newExpiry !== undefined
      ? `, expiry AS (
           UPDATE ${table.tokenTable} AS t SET ${expiresAt.name} = ${newExpiry}
           FROM input JOIN stored USING ("tokenId")
           WHERE ${idMatches} AND input."expiresAt" IS NOT NULL)`
      : '';
  return `WITH input AS (
            SELECT * FROM jsonb_to_recordset($1::jsonb) AS x(
              "tokenId" text, used text, "accessToken" text, "refreshToken" text,
              "expiresAt" timestamptz)
          ), free AS (
            SELECT input."tokenId" FROM ${table.from}, input WHERE ${idMatches}
            FOR NO KEY UPDATE OF ${alias} SKIP LOCKED
          ), stored AS (
            UPDATE ${table.secretsTable} AS ${alias} SET ${set.join(', ')}
            ${from} AND ${alias}.${table.refreshToken} = input.used AND ${isNewer}
            RETURNING input."tokenId"
          )${elsewhere}
          SELECT "tokenId" FROM stored`;
}
