import { setTimeout as delay } from 'node:timers/promises';
import type { DatabaseOf } from '../database/databases.js';
import { observeSyncList } from '../observe/observe-sync-list.js';
import type { SyncedUser } from '../remedy/sync-users.js';
import { readProviders } from './read-providers.js';
import { listingOf } from './select-syncs.js';
import type { SelectedSync } from './select-syncs.js';
import { unreadOf } from './unread-provider.js';
import type { UnreadProvider } from './unread-provider.js';

/** What the database says after a sync was asked for; null: it was not asked, or can't be read. */
export interface JudgedSync extends SyncedUser<SelectedSync> {
  readonly after: { readonly lastSuccessAtMs: number | null; readonly moved: boolean } | null;
}

export interface JudgedSyncs {
  readonly judged: readonly JudgedSync[];
  /** Of whom it is not known what came of it, and why. */
  readonly unread: readonly UnreadProvider[];
}

/** An application may note a success a moment after it has answered. */
const noteMs = 2_000;

/**
 * Reads whether the last success of each user moved: that, and no answer, is the outcome. Throws
 * `DatabaseError` where none of their databases can be used.
 */
export async function judgeSynced(
  databaseOf: DatabaseOf,
  users: readonly SyncedUser<SelectedSync>[],
  stopping: AbortSignal,
): Promise<JudgedSyncs> {
  const first = await readOnce(databaseOf, users);
  const isMissing = first.judged.some(
    ({ outcome, after }) => outcome === 'success' && after?.moved === false,
  );
  if (!isMissing || stopping.aborted) return first;
  await delay(noteMs, undefined, { signal: stopping }).catch(() => undefined);
  return readOnce(databaseOf, users);
}

async function readOnce(
  databaseOf: DatabaseOf,
  users: readonly SyncedUser<SelectedSync>[],
): Promise<JudgedSyncs> {
  const lastSuccess = new Map<SelectedSync['provider'], ReadonlyMap<string, number | null>>();
  const asked = users.filter(({ outcome }) => outcome !== 'not_tried');
  const providers = [...new Set(asked.map(({ target }) => target.provider))];
  const unread: UnreadProvider[] = [];
  for (const { provider, reading } of await readProviders(databaseOf, providers, observeSyncList)) {
    const { syncs } = listingOf(reading);
    unread.push(...unreadOf(provider, syncs));
    if (!syncs.known) continue;
    lastSuccess.set(
      provider,
      new Map(syncs.value.map(({ id, lastSuccessAtMs }) => [id, lastSuccessAtMs])),
    );
  }
  const judged = users.map((user) => {
    const { provider, tokenId, lastSuccessAtMs: before } = user.target;
    const after = lastSuccess.get(provider)?.get(tokenId);
    if (after === undefined || user.outcome === 'not_tried') return { ...user, after: null };
    const moved = after !== null && after > (before ?? -Infinity);
    return { ...user, after: { lastSuccessAtMs: after, moved } };
  });
  return { judged, unread };
}
