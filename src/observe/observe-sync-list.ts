import type { ProviderConfig } from '../config/config.js';
import { readSnapshot } from '../database/read-snapshot.js';
import type { Query, SnapshotSource } from '../database/read-snapshot.js';
import { readCatalog } from './catalog.js';
import { fetchAll } from './fetch-all.js';
import { epochMs } from './instant-sql.js';
import { lastSuccessSql } from './last-success-sql.js';
import { readNow, tablesRead } from './observe.js';
import { overdueBefore } from './overdue-before.js';
import { known, unknown } from './reading.js';
import type { Reading } from './reading.js';
import { statementFailed } from './statement-failed.js';
import { resolveFailures } from './sync-failure-source.js';
import { readSyncFailures } from './sync-failures.js';
import type { ObservedSyncFailure } from './sync-failures.js';
import { resolveSyncSource } from './sync-source.js';
import type { SyncEvidenceSql } from './sync-source.js';
import { resolveTokenSource } from './token-source.js';
import type { TokenSource } from './token-source.js';

/** The syncs of one token. */
export interface ListedSync {
  readonly id: string;
  readonly subject: string | null;
  readonly active: boolean;
  readonly lastSuccessAtMs: number | null;
  /** In use, and its last success, or else its creation, is too long ago. */
  readonly overdue: boolean;
}

export interface SyncListing {
  readonly now: Date;
  readonly syncs: Reading<readonly ListedSync[]>;
  /** null: nothing says that a sync failed. */
  readonly failures: Reading<readonly ObservedSyncFailure[]> | null;
}

/** Reads the syncs of every token of a provider now. Throws `DatabaseError` as `observe` does. */
export async function observeSyncList(
  database: SnapshotSource,
  provider: ProviderConfig,
): Promise<SyncListing> {
  return readSnapshot(database, async ({ query, isolated }) => {
    const { now, role } = await readNow(query, () => 0);
    const config = provider.syncs;
    if (config === null) {
      const nothing = unknown('missing', 'no syncs are configured', 'map syncs');
      return { now, syncs: nothing, failures: null };
    }
    const catalog = await readCatalog(query, role, tablesRead(provider));
    const tokens = resolveTokenSource(provider.tokens, catalog);
    if (!tokens.known) return { now, syncs: tokens, failures: null };
    const never = () => false;
    const { evidence, notes } = resolveSyncSource(config, tokens.value, catalog, never);
    if (!evidence.known) return { now, syncs: evidence, failures: null };
    const attempt = async <T>(read: () => Promise<T>): Promise<Reading<T>> => {
      const result = await isolated(read);
      return result.ok ? known(result.value) : statementFailed(result.error);
    };
    const before = overdueBefore(config, now);
    const list = await attempt(() => readList(query, tokens.value, evidence.value, before));
    const syncs = list.known ? known(list.value, notes) : list;
    const failed = resolveFailures(config.failures, catalog, never)?.failures ?? null;
    const failures = failed?.known
      ? await attempt(() =>
          readSyncFailures(query, tokens.value, evidence.value, failed.value, now),
        )
      : failed;
    return { now, syncs, failures };
  });
}

/** Those never synced first, then those whose success is the longest ago. */
function readList(
  query: Query,
  tokens: TokenSource,
  evidence: SyncEvidenceSql,
  overdueBeforeMs: number,
): Promise<ListedSync[]> {
  return fetchAll<ListedSync>(
    query,
    `SELECT id, subject, active,
            CASE WHEN isfinite(last_success_at) THEN ${epochMs('last_success_at')} END AS "lastSuccessAtMs",
            active AND coalesce(coalesce(last_success_at, created_at)
              < ${overdueSql(overdueBeforeMs)}, false) AS overdue
     FROM ${lastSuccessSql(tokens, evidence)} AS syncs
     WHERE id IS NOT NULL
     ORDER BY last_success_at NULLS FIRST, id`,
  );
}

/** A cursor takes no parameters; a number of ours needs none. */
function overdueSql(ms: number): string {
  return Number.isFinite(ms) ? `to_timestamp(${String(ms)} / 1000.0)` : `'-infinity'::timestamptz`;
}
