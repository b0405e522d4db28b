import { hash } from 'node:crypto';
import type { Pool } from 'pg';
import type { Query } from '../database/read-snapshot.js';
import { prepared } from '../database/prepared-statement.js';
import { sqlStateOf } from '../database/sql-state.js';
import { writeStatement, writeTransaction } from '../database/write-transaction.js';
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

/**
 * Hash of a refresh token, to tell whether it changed without keeping it. The token is random and
 * long, so its hash gives nothing away; provider and id are in it so that equal tokens differ.
 */
export function fingerprintOf(provider: string, tokenId: string, refreshToken: string): string {
  return hash('sha256', `${provider}\n${tokenId}\n${refreshToken}`);
}

/** What a lock told, and the database's time, in epoch milliseconds: rather too early. */
export interface LockedAt {
  readonly locked: LockedRow;
  readonly atMs: number;
}

/**
 * Reads rows under a lock that proves that they can be written: grants, row-level security and a
 * server that is not a read-only standby. It is gone when this returns.
 *
 * The only place where a refresh token is read.
 */
export async function lockRows(
  pool: Pool,
  table: AppTable,
  tokenIds: readonly string[],
): Promise<ReadonlyMap<string, LockedAt>> {
  const rows = await writeStatement<AppRow & { readonly atMs: number }>(
    pool,
    prepared(
      `${selectRows(table, `, ${epochMs('statement_timestamp()')} AS "atMs"`)}
       FOR NO KEY UPDATE OF ${table.secretsAlias} SKIP LOCKED`,
    ),
    [tokenIds],
  );
  const found = new Map(
    rows.map(({ atMs, ...row }): [string, LockedAt] => [
      row.tokenId,
      { locked: { kind: 'row', row }, atMs },
    ]),
  );
  const missing = tokenIds.filter((id) => !found.has(id));
  if (missing.length === 0) return found;
  return writeTransaction(pool, async (query) => {
    const atMs = await readClock(query);
    const there = new Set((await readRows(query, table, missing)).map(({ tokenId }) => tokenId));
    for (const id of missing) {
      const locked = there.has(id) ? await whyNotLocked(query, table, id) : gone;
      found.set(id, { locked, atMs });
    }
    return found;
  });
}

const gone: LockedRow = { kind: 'gone' };

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
    if (sqlStateOf(error) === '55P03') return { kind: 'busy' };
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

/** The database's time, which decides. */
export async function readClock(query: Query): Promise<number> {
  const [clock] = await query<{ ms: number }>(`SELECT ${epochMs('clock_timestamp()')} AS ms`);
  if (clock === undefined) throw new TypeError('the database did not tell its time');
  return clock.ms;
}

function epochMs(instant: string): string {
  return `floor(extract(epoch FROM ${instant}) * 1000)::float8`;
}

/** SQL for the expiry of a row in epoch milliseconds; NULL where none is recorded. */
export function expiryMs({ expiresAt }: AppTable): string {
  return epochMs(expiresAt?.instant ?? 'NULL::timestamptz');
}

/** By id in its own type, so that the primary key's index serves. */
function selectRows(table: AppTable, more = ''): string {
  return `SELECT t.${table.id}::text AS "tokenId",
                 nullif(${table.secretsAlias}.${table.refreshToken}, '') AS "refreshToken",
                 ${expiryMs(table)} AS "expiresAtMs",
                 ${table.active} AS active${more}
          FROM ${table.from}
          WHERE t.${table.id} = ANY($1::${table.idType}[])`;
}
