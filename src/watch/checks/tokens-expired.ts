import { formatDistance } from '../../config/format-distance.js';
import { plain } from '../finding.js';
import { lookAt } from './check.js';
import type { Check } from './check.js';

/**
 * An active token lies expired although somebody should have refreshed it: an outage of its user. Not
 * one whose grant is dead: that is the finding then, and its expiry follows from it.
 */
export const tokensExpired: Check = {
  name: 'tokens_expired',
  promise: 'no active token was effectively expired',
  required: true,
  scope: 'provider',
  wrongAlready: (count) =>
    count === 1 ? '1 token was expired already' : `${count} tokens were expired already`,
  look: ({ provider, tokens, atMs }) =>
    lookAt(tokens, (all) =>
      all
        .filter(({ isEffectivelyExpired, grant }) => isEffectivelyExpired && grant !== 'dead')
        .map(({ tokenId, expiresAtMs }) => ({
          check: 'tokens_expired',
          provider,
          key: tokenId,
          affected: 1,
          evidence: `token ${plain(tokenId)} is active and has been expired for ${formatDistance(atMs - (expiresAtMs ?? atMs))}`,
          graceMs: 0,
        })),
    ),
};
