import type { AssessedToken } from '../../assess/assessed-token.js';
import { formatDistance } from '../../config/format-distance.js';
import { instant, plain } from '../finding.js';
import type { Finding } from '../finding.js';
import { lookAt } from './check.js';
import type { TroubleLine } from '../../store/watch-ledger.js';
import type { Check, ProviderView } from './check.js';

/** A refresh takes two minutes at most; what holds a claim for so long has not come back. */
const longestClaimMs = 15 * 60_000;

/**
 * An answer of a token endpoint is lost, or may be: a refresh could not be stored, a claim outlived
 * every answer, or somebody gave up a journal. One that was recovered from the journal after a crash
 * is not lost.
 */
export const rotationsLost: Check = {
  name: 'rotations_lost',
  promise: 'no rotated token was lost: every answer of a token endpoint was stored',
  required: true,
  scope: 'provider',
  wrongAlready: (count) =>
    count === 1 ? '1 rotation was lost already' : `${count} rotations were lost already`,
  look: (view) => lookAt(view.tokens, (tokens) => [...inLedger(view), ...inClaims(view, tokens)]),
};

function inLedger({ provider, troubles }: ProviderView): Finding[] {
  return troubles.flatMap((trouble): Finding[] => {
    const what = whatWasLost(trouble);
    if (what === null) return [];
    const { id, tokenId, atMs } = trouble;
    return [
      {
        check: 'rotations_lost',
        provider,
        key: `ledger ${id}`,
        affected: 1,
        evidence: `token ${plain(tokenId)}: ${what}, ${instant(atMs)}`,
        graceMs: 0,
      },
    ];
  });
}

function whatWasLost({ event, reason }: TroubleLine): string | null {
  if (event === 'claim_abandoned') return 'its claim was abandoned with whatever its journal held';
  return event === 'failed' && reason === 'storage' ? 'a refresh could not be stored' : null;
}

function inClaims({ provider, atMs }: ProviderView, tokens: readonly AssessedToken[]): Finding[] {
  return tokens.flatMap(({ tokenId, memory: { claimedBy, claimedAtMs } }): Finding[] => {
    if (claimedBy === null || claimedAtMs === null) return [];
    if (atMs - claimedAtMs <= longestClaimMs) return [];
    return [
      {
        check: 'rotations_lost',
        provider,
        key: `claim ${tokenId}`,
        affected: 1,
        evidence: `token ${plain(tokenId)}: claimed by the journal ${claimedBy} for ${formatDistance(atMs - claimedAtMs)}, without an outcome`,
        graceMs: 0,
      },
    ];
  });
}
