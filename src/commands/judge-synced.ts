import { setTimeout as delay } from 'node:timers/promises';
import type { DatabaseOf } from '../database/databases.js';
import { observeSyncList } from '../observe/observe-sync-list.js';
import type { SyncedUser } from '../remedy/sync-users.js';
import type { SelectedSync } from './select-syncs.js';

/** What the database says after a sync was asked for; null: it was not asked, or can't be read. */
export interface JudgedSync extends SyncedUser<SelectedSync> {
  readonly after: { readonly lastSuccessAtMs: number | null; readonly moved: boolean } | null;
}

/** An application may note a success a moment after it has answered. */
const noteMs = 2_000;

/** Reads whether the last success of each user moved: that, and no answer, is the outcome. */
export async function judgeSynced(
  databaseOf: DatabaseOf,
  users: readonly SyncedUser<SelectedSync>[],
  stopping: AbortSignal,
): Promise<JudgedSync[]> {
  const judged = await readOnce(databaseOf, users);
  const isMissing = judged.some(
    ({ outcome, after }) => outcome === 'success' && after?.moved === false,
  );
  if (!isMissing || stopping.aborted) return judged;
  await delay(noteMs, undefined, { signal: stopping }).catch(() => undefined);
  return readOnce(databaseOf, users);
}

async function readOnce(
  databaseOf: DatabaseOf,
  users: readonly SyncedUser<SelectedSync>[],
): Promise<JudgedSync[]> {
  const lastSuccess = new Map<SelectedSync['provider'], ReadonlyMap<string, number | null>>();
  for (const provider of new Set(users.map(({ target }) => target.provider))) {
    const { syncs } = await observeSyncList(databaseOf(provider), provider);
    if (!syncs.known) continue;
    lastSuccess.set(
      provider,
      new Map(syncs.value.map(({ id, lastSuccessAtMs }) => [id, lastSuccessAtMs])),
    );
  }
  return users.map((user) => {
    const { provider, tokenId, lastSuccessAtMs: before } = user.target;
    const after = lastSuccess.get(provider)?.get(tokenId);
    if (after === undefined || user.outcome === 'not_tried') return { ...user, after: null };
    const moved = after !== null && after > (before ?? -Infinity);
    return { ...user, after: { lastSuccessAtMs: after, moved } };
  });
}
