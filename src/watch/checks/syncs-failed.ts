import type { SyncFailureReason } from '../../config/sync-config.js';
import { instant, plain } from '../finding.js';
import type { Finding } from '../finding.js';
import { longestGapMs } from '../stability-watch.js';
import { lookAt } from './check.js';
import type { Check } from './check.js';

/** An hourly sync has had its next turn by then, and the time to end it. */
const nextTurnMs = 2 * 3_600_000;

/**
 * The last sync of an active token failed and none has succeeded since.
 *
 * A fault that does not pass by itself gets five minutes, in which a refresh and the sync asked for
 * again may mend it; one that may pass, the time of an hourly sync's next turn. A benign one, and a
 * user's own quota, say nothing of a fix.
 */
export const syncsFailed: Check = {
  name: 'syncs_failed',
  promise: 'no sync failed and stayed so',
  required: false,
  scope: 'provider',
  wrongAlready: (count) =>
    count === 1 ? '1 sync had failed already' : `${count} syncs had failed already`,
  look: ({ provider, syncFailures }) =>
    lookAt(syncFailures, ({ byToken }) =>
      [...byToken].flatMap(([tokenId, { reason, atMs }]): Finding[] => {
        const fault = faults[reason];
        if (fault === null) return [];
        return [
          {
            check: 'syncs_failed',
            provider,
            key: tokenId,
            affected: 1,
            evidence: `the sync of token ${plain(tokenId)} failed for ${fault.words} at ${instant(atMs)}, and none has succeeded since`,
            graceMs: fault.graceMs,
          },
        ];
      }),
    ),
};

/** Why it failed, in words, and how long it has to mend; null: it is no fault of what is watched. */
const faults: Readonly<
  Record<SyncFailureReason, { readonly words: string; readonly graceMs: number } | null>
> = {
  reauthorize: { words: 'want of an authorization', graceMs: longestGapMs },
  auth: { words: 'a refused access token', graceMs: longestGapMs },
  configuration: { words: 'want of a configuration', graceMs: longestGapMs },
  rate_limited: { words: 'too many requests', graceMs: nextTurnMs },
  other: { words: 'a reason that is not known', graceMs: nextTurnMs },
  quota: null,
  benign: null,
};
