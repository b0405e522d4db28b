import { pluralOf } from '../../config/plural.js';
import type { TokenMemory } from '../../store/token-memory.js';
import { unseen } from './cause.js';
import type { ProviderCause } from './cause.js';

const hourMs = 3_600_000;
/** People disconnect. More than three and more than one of twenty within an hour is no people. */
const fewest = 3;
const usualShare = 1 / 20;

/** Rows that vanished together: a migration, a clean-up job, a view that shows fewer. */
export const tokensDisappeared: ProviderCause = {
  name: 'tokens_disappeared',
  severity: 'warning',
  opensAtOnce: false,
  scope: 'provider',
  runbook: 'oauthtokensdisappeared',
  title: (affected, outOf) => `${pluralOf(affected, outOf, 'row')} disappeared`,
  explanation:
    "More rows vanished from the application's table within an hour than users disconnect. What was in them, refresh tokens included, is gone.",
  nextStep:
    'Find out what deleted or hides them (a migration, a clean-up job, a policy of row-level security) and stop it.',
  proof: 'No further row has disappeared for an hour, or they are back.',
  find({ memory, nowMs }, previous) {
    if (memory === null) return unseen;
    // One incident counts all that vanish while it lasts, from the hour before it on.
    const sinceMs = Math.min(previous?.firstSeenAtMs ?? Infinity, nowMs) - hourMs;
    const gone: TokenMemory[] = [];
    let there = 0;
    for (const token of memory.tokens.values()) {
      if (token.goneAtMs === null) there += 1;
      else if (token.goneAtMs > sinceMs) gone.push(token);
    }
    const outOf = there + gone.length;
    const many = gone.length > fewest && gone.length > usualShare * outOf;
    const goesOn = gone.some(({ goneAtMs }) => (goneAtMs ?? 0) > nowMs - hourMs);
    return {
      seen: true,
      affected:
        many && goesOn
          ? gone.map(({ tokenId }) => ({ id: tokenId, subject: tokenId, account: null }))
          : [],
      outOf,
      detail: null,
      whereabouts: (id) => (memory.tokens.get(id)?.goneAtMs == null ? 'repaired' : 'gone'),
    };
  },
};
