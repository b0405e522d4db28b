import type { AssessedToken } from '../../assess/assessed-token.js';
import type { ProviderBaseline } from '../baseline.js';
import { plain } from '../finding.js';
import type { Finding } from '../finding.js';
import { longestGapMs } from '../stability-watch.js';
import { lookAt } from './check.js';
import type { Check, ProviderView } from './check.js';

/**
 * A token that was active at the baseline is inactive or gone.
 *
 * Not where the same user has another active token: that is a reconnect. A row that is gone gets five
 * minutes for it, because disconnecting deletes the row before connecting makes another. Nor one whose
 * grant was dead at the start: switching that off is what one does about it.
 */
export const tokensLost: Check = {
  name: 'tokens_lost',
  promise: 'every living token that was active at the start is still active',
  required: true,
  scope: 'provider',
  wrongAlready: (count) =>
    count === 1 ? '1 token was lost already' : `${count} tokens were lost already`,
  look: (view, baseline) =>
    lookAt(view.tokens, (tokens) => (baseline === null ? [] : findLost(view, tokens, baseline))),
};

function findLost(
  { provider }: ProviderView,
  tokens: readonly AssessedToken[],
  { active }: ProviderBaseline,
): Finding[] {
  const now = new Map(tokens.map((token) => [token.tokenId, token]));
  const lost = active.filter(({ id }) => now.get(id)?.active !== true);
  if (lost.length === 0) return [];
  const connected = new Set(tokens.filter((each) => each.active).map(({ subject }) => subject));
  return lost
    .filter(({ subject }) => subject === null || !connected.has(subject))
    .map(({ id }): Finding => {
      const inactive = now.has(id);
      return {
        check: 'tokens_lost',
        provider,
        key: id,
        affected: 1,
        evidence: `token ${plain(id)} was active at the start and is ${inactive ? 'inactive' : 'gone'}`,
        graceMs: inactive ? 0 : longestGapMs,
      };
    });
}
