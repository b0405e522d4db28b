import { distance, plain } from '../finding.js';
import { lookAt } from './check.js';
import type { Check } from './check.js';

/** An active token lies expired although somebody should have refreshed it: an outage of its user. */
export const tokensExpired: Check = {
  name: 'tokens_expired',
  promise: 'no active token was effectively expired',
  required: true,
  scope: 'provider',
  look: ({ provider, tokens, atMs }) =>
    lookAt(tokens, (all) =>
      all
        .filter(({ isEffectivelyExpired }) => isEffectivelyExpired)
        .map(({ tokenId, expiresAtMs }) => ({
          check: 'tokens_expired',
          provider,
          key: tokenId,
          affected: 1,
          evidence: `token ${plain(tokenId)} is active and has been expired for ${distance(atMs - (expiresAtMs ?? atMs))}`,
          graceMs: 0,
        })),
    ),
};
