import { fetchAll } from './fetch-all.js';
import { epochMs, instantParameter } from './instant-sql.js';
import type { Query } from '../database/read-snapshot.js';
import { lastSuccessSql } from './last-success-sql.js';
import { mostUrgentSql } from './most-urgent.js';
import type { SyncEvidenceSql, SubjectSql } from './sync-source.js';
import type { TokenSource } from './token-source.js';
import { laggingOver } from './windows.js';
import type { LaggingOver } from './windows.js';

/** How far the syncs of a provider's active tokens lag; an inactive token isn't synced on purpose. */
export interface SyncLagObservation {
  /** The oldest of the last successful syncs; null when no active token was ever synced. */
  readonly oldestSuccessAtMs: number | null;
  /** Active tokens whose last success is older. A token never synced is in no band. */
  readonly lagging: Readonly<Record<LaggingOver, number>>;
  /** Active tokens whose last success, or else whose creation, lies before `overdueBeforeMs`. */
  readonly overdue: number;
  /** Last successful sync of the most urgent tokens, active or not. */
  readonly lastSuccess: readonly { readonly id: string; readonly atMs: number }[];
}

interface LagRow {
  oldest_ms: number | null;
  overdue: number;
  lagging: number[];
}

/** Reads the lag of a provider's syncs, and the last success of the `limit` most urgent tokens. */
export async function readSyncLag(
  query: Query,
  tokens: TokenSource,
  evidence: SyncEvidenceSql,
  options: {
    readonly now: Date;
    readonly overdueBeforeMs: number;
    readonly limit: number;
  },
): Promise<SyncLagObservation> {
  const lastSuccess = lastSuccessSql(tokens, evidence);
  const ages = Object.values(laggingOver).map((ms) => options.now.getTime() - ms);
  const boundaries = [options.overdueBeforeMs, ...ages].map(instantParameter);
  const bands = Object.values(laggingOver).map(
    (_, index) => `count(*) FILTER (WHERE last_success_at < $${String(index + 2)}::timestamptz)`,
  );
  const [lag] = await query<LagRow>(
    `SELECT ${epochMs('min(last_success_at)')} AS oldest_ms,
            count(*) FILTER (
              WHERE coalesce(last_success_at, created_at) < $1::timestamptz)::float8 AS overdue,
            ARRAY[${bands.join(', ')}]::float8[] AS lagging
     FROM ${lastSuccess} AS syncs
     WHERE active`,
    boundaries,
  );
  const rows = await readLastSuccesses(query, tokens, lastSuccess, options.limit);
  const labels = Object.keys(laggingOver) as LaggingOver[];
  return {
    oldestSuccessAtMs: lag?.oldest_ms ?? null,
    overdue: lag?.overdue ?? 0,
    lagging: Object.fromEntries(
      labels.map((label, index) => [label, lag?.lagging[index] ?? 0]),
    ) as Record<LaggingOver, number>,
    lastSuccess: rows,
  };
}

/** Names the tokens by their order and not by their ids: 100,000 of them are a large parameter. */
async function readLastSuccesses(
  query: Query,
  tokens: TokenSource,
  lastSuccess: string,
  limit: number,
): Promise<SyncLagObservation['lastSuccess']> {
  if (limit === 0) return [];
  return fetchAll(
    query,
    `SELECT id, ${epochMs('last_success_at')} AS "atMs"
     FROM ${lastSuccess} AS syncs
     WHERE id IN (SELECT id FROM (${mostUrgentSql(tokens, '$1')}) AS most_urgent)
       AND isfinite(last_success_at)`,
    [limit],
  );
}

/** Counts the tokens whose sync has been running for longer than `stuckAfterMs`. */
export async function readStuckSyncs(
  query: Query,
  tokens: TokenSource,
  running: SubjectSql,
  options: { readonly now: Date; readonly stuckAfterMs: number },
): Promise<number> {
  const [row] = await query<{ stuck: number }>(
    `SELECT count(*)::float8 AS stuck
     FROM (SELECT ${tokens.subject} AS subject FROM ${tokens.from}) AS tokens
     WHERE subject IN (SELECT subject FROM ${running.sql} AS running WHERE at < $1::timestamptz)`,
    [instantParameter(options.now.getTime() - options.stuckAfterMs)],
  );
  return row?.stuck ?? 0;
}
