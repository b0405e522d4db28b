import type { DatabaseOf } from '../database/databases.js';
import { observeSyncList } from '../observe/observe-sync-list.js';
import { chooseBacklog } from '../remedy/backlog-choice.js';
import type { BacklogLeft } from '../remedy/backlog-choice.js';
import { describeMissing } from './backlog-format.js';
import type { BacklogFacts } from './backlog-facts.js';
import { readProviders } from './read-providers.js';
import { listingOf } from './select-syncs.js';
import type { SelectedSync, SelectedSyncs } from './select-syncs.js';
import { unreadOf } from './unread-provider.js';
import type { UnreadProvider } from './unread-provider.js';

/** For whom the application is asked to catch up, and how many are left, and why. */
export interface SelectedBacklog extends Omit<SelectedSyncs, 'notes'> {
  readonly left: Readonly<Record<BacklogLeft, number>>;
}

/** Selects, over all providers, at most `limit` users of a backlog. */
export async function selectBacklog(
  databaseOf: DatabaseOf,
  facts: readonly BacklogFacts[],
  wanted: { readonly syncType: string; readonly again: boolean; readonly limit: number | null },
): Promise<SelectedBacklog> {
  const syncs: SelectedSync[] = [];
  const unread: UnreadProvider[] = [];
  const left = { no_active_token: 0, asked_before: 0, over_limit: 0 };
  let asked = 0;
  const readable = facts.filter(({ backlog }) => backlog.known).map(({ provider }) => provider);
  const listings = new Map(
    (await readProviders(databaseOf, readable, observeSyncList)).map(
      ({ provider, reading }) => [provider, listingOf(reading).syncs] as const,
    ),
  );
  for (const { provider, backlog, askedAtMs } of facts) {
    const endpoint = provider.syncs?.endpoint ?? null;
    if (endpoint === null) continue;
    const listing = listings.get(provider);
    unread.push(...unreadOf(provider, listing ?? backlog));
    if (!backlog.known || listing?.known !== true) continue;
    const lastSuccess = new Map(listing.value.map((sync) => [sync.id, sync.lastSuccessAtMs]));
    const choices = chooseBacklog(
      backlog.value.subjects,
      wanted.again ? new Map() : askedAtMs,
      wanted.limit === null ? null : wanted.limit - asked,
      endpoint.body.includes('{{token_id}}'),
    );
    for (const choice of choices) {
      if (!choice.ask) left[choice.because] += 1;
      else asked += 1;
      for (const tokenId of choice.ask ? choice.tokenIds : []) {
        syncs.push({
          provider,
          endpoint,
          tokenId,
          subject: choice.subject.subject,
          syncType: wanted.syncType,
          lastSuccessAtMs: lastSuccess.get(tokenId) ?? null,
          why: describeMissing(backlog.value.columns, choice.subject.missing),
        });
      }
    }
  }
  return { syncs, unread, left };
}
