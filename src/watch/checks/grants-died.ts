import type { AssessedToken } from '../../assess/assessed-token.js';
import { instant, plain } from '../finding.js';
import type { Finding } from '../finding.js';
import { lookAt } from './check.js';
import type { Check, ProviderView } from './check.js';

/** A grant is dead, or died and was replaced between two polls: the ledger knows of those. */
export const grantsDied: Check = {
  name: 'grants_died',
  promise: 'no grant died: no user has to authorize again',
  required: true,
  scope: 'provider',
  wrongAlready: (count) =>
    count === 1 ? '1 grant was dead already' : `${count} grants were dead already`,
  look: (view) => lookAt(view.tokens, (tokens) => findDead(view, tokens)),
};

function findDead(
  { provider, troubles }: ProviderView,
  tokens: readonly AssessedToken[],
): Finding[] {
  const dead = new Map<string, number | null>(
    troubles
      .filter(({ event }) => event === 'died')
      .map(({ tokenId, atMs }) => [tokenId, atMs] as const),
  );
  for (const { tokenId, grant, memory } of tokens) {
    if (grant === 'dead') dead.set(tokenId, memory.deadSinceMs);
  }
  return [...dead].map(([id, atMs]) => ({
    check: 'grants_died',
    provider,
    key: id,
    affected: 1,
    evidence: `the grant of token ${plain(id)} is dead${atMs === null ? '' : ` since ${instant(atMs)}`}: its user must authorize again`,
    graceMs: 0,
  }));
}
