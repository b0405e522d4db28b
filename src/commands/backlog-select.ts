import type { DatabaseOf } from '../database/databases.js';
import { observeSyncList } from '../observe/observe-sync-list.js';
import { chooseBacklog } from '../remedy/backlog-choice.js';
import type { BacklogLeft } from '../remedy/backlog-choice.js';
import { describeMissing } from './backlog-format.js';
import type { BacklogFacts } from './backlog-facts.js';
import type { SelectedSync, SelectedSyncs } from './select-syncs.js';

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
  const unread: string[] = [];
  const left = { no_active_token: 0, asked_before: 0, over_limit: 0 };
  let asked = 0;
  for (const each of facts) {
    const { provider, backlog, askedAtMs } = each;
    const endpoint = provider.syncs?.endpoint ?? null;
    if (endpoint === null) continue;
    const listing = await observeSyncList(databaseOf(provider), provider);
    if (!backlog.known || !listing.syncs.known) {
      const lost = [backlog, listing.syncs].find((reading) => !reading.known);
      if (lost?.known === false) unread.push(`${provider.name}: ${lost.reason}; ${lost.remedy}`);
      continue;
    }
    const lastSuccess = new Map(listing.syncs.value.map((sync) => [sync.id, sync.lastSuccessAtMs]));
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
