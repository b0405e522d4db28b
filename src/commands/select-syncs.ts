import { assessSyncFailures } from '../assess/sync-failures.js';
import type { ProviderConfig } from '../config/config.js';
import type { SyncEndpointConfig } from '../config/sync-config.js';
import type { DatabaseOf } from '../database/databases.js';
import { observeSyncList } from '../observe/observe-sync-list.js';
import type { SyncTarget } from '../remedy/call-sync-endpoint.js';

/** A user to sync, and why. */
export interface SelectedSync extends SyncTarget {
  readonly provider: ProviderConfig;
  readonly endpoint: SyncEndpointConfig;
  readonly lastSuccessAtMs: number | null;
  readonly why: string;
}

export interface SelectedSyncs {
  readonly syncs: readonly SelectedSync[];
  /** Providers that can't be read or asked, and why. */
  readonly unread: readonly string[];
  /** What is missing and may make a sync look older than it is. */
  readonly notes: readonly string[];
}

/** Selects one user, or everybody whose sync is overdue, of these providers. */
export async function selectSyncs(
  databaseOf: DatabaseOf,
  providers: readonly ProviderConfig[],
  wanted: { readonly userId: string | null; readonly syncType: string },
): Promise<SelectedSyncs> {
  const selected: SelectedSync[] = [];
  const unread: string[] = [];
  const notes: string[] = [];
  for (const provider of providers) {
    const endpoint = provider.syncs?.endpoint ?? null;
    if (endpoint === null) continue;
    const { syncs, failures } = await observeSyncList(databaseOf(provider), provider);
    if (!syncs.known) {
      unread.push(`${provider.name}: ${syncs.reason}; ${syncs.remedy}`);
      continue;
    }
    notes.push(...syncs.notes.map((note) => `${provider.name}: ${note}`));
    const patterns = provider.syncs?.failureReasons ?? [];
    const failed = assessSyncFailures(failures?.known === true ? failures.value : [], patterns);
    for (const { id, subject, overdue, lastSuccessAtMs } of syncs.value) {
      if (subject === null) continue;
      const isWanted = wanted.userId === null ? overdue : subject === wanted.userId;
      if (!isWanted) continue;
      const failure = failed.byToken.get(id)?.reason;
      const why = [
        overdue ? 'overdue' : 'on time',
        ...(failure === undefined ? [] : [`last failed: ${failure}`]),
      ];
      selected.push({
        provider,
        endpoint,
        tokenId: id,
        subject,
        syncType: wanted.syncType,
        lastSuccessAtMs,
        why: why.join(', '),
      });
    }
  }
  return { syncs: selected, unread, notes };
}
