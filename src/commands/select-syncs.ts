import { assessSyncFailures } from '../assess/sync-failures.js';
import type { ProviderConfig } from '../config/config.js';
import type { SyncEndpointConfig } from '../config/sync-config.js';
import type { DatabaseOf } from '../database/databases.js';
import { observeSyncList } from '../observe/observe-sync-list.js';
import type { SyncListing } from '../observe/observe-sync-list.js';
import type { Reading } from '../observe/reading.js';
import type { SyncTarget } from '../remedy/call-sync-endpoint.js';
import { readProviders } from './read-providers.js';
import { unreadOf } from './unread-provider.js';
import type { UnreadProvider } from './unread-provider.js';

/** A user to sync, and why. */
export interface SelectedSync extends SyncTarget {
  readonly provider: ProviderConfig;
  readonly endpoint: SyncEndpointConfig;
  readonly lastSuccessAtMs: number | null;
  readonly why: string;
}

export interface SelectedSyncs {
  readonly syncs: readonly SelectedSync[];
  readonly unread: readonly UnreadProvider[];
  /** What is missing and may make a sync look older than it is. */
  readonly notes: readonly string[];
}

/**
 * Selects one user, or everybody whose sync is overdue, of these providers. Throws `DatabaseError`
 * where none of their databases can be used.
 */
export async function selectSyncs(
  databaseOf: DatabaseOf,
  providers: readonly ProviderConfig[],
  wanted: { readonly userId: string | null; readonly syncType: string },
): Promise<SelectedSyncs> {
  const selected: SelectedSync[] = [];
  const unread: UnreadProvider[] = [];
  const notes: string[] = [];
  const asked = providers.filter(({ syncs }) => (syncs?.endpoint ?? null) !== null);
  for (const { provider, reading } of await readProviders(databaseOf, asked, observeSyncList)) {
    const endpoint = provider.syncs?.endpoint ?? null;
    const { syncs, failures } = listingOf(reading);
    unread.push(...unreadOf(provider, syncs));
    if (endpoint === null || !syncs.known) continue;
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

/** A listing of a database that can't be used tells that of the syncs. */
export function listingOf(reading: Reading<SyncListing>): Pick<SyncListing, 'syncs' | 'failures'> {
  return reading.known ? reading.value : { syncs: reading, failures: null };
}
