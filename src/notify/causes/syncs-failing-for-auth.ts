import type { AssessedToken } from '../../assess/assessed-token.js';
import { pluralOf } from '../../config/plural.js';
import { unseen } from './cause.js';
import type { ProviderCause } from './cause.js';
import { sawSyncs } from './saw-sources.js';

/** Users without new data, whatever the expiry of their tokens says. */
export const syncsFailingForAuth: ProviderCause = {
  name: 'syncs_failing_for_auth',
  severity: 'warning',
  opensAtOnce: false,
  scope: 'provider',
  runbook: 'oauthsyncsfailingforauth',
  title: (affected, outOf) => `${pluralOf(affected, outOf, 'sync')} failing for want of a token`,
  explanation:
    'The last sync of these users failed because the access token was refused or could not be refreshed. They get no new data.',
  nextStep:
    'Run `oauth-token-exporter explain` for one of them: refresh the token where its grant lives, else its user must reconnect.',
  proof: 'Their last sync did not fail for the token.',
  find: (context) => {
    const { syncFailures, grants } = context.assessed;
    if (syncFailures === null || grants === null || !sawSyncs(context)) return unseen;
    let byId: ReadonlyMap<string, AssessedToken> | null = null;
    const tokenOf = (id: string) => {
      byId ??= new Map(grants.tokens.map((token) => [token.tokenId, token]));
      return byId.get(id);
    };
    const failing = [...syncFailures.byToken].filter(
      ([, { reason }]) => reason === 'auth' || reason === 'reauthorize',
    );
    return {
      seen: true,
      affected: failing.map(([id, { subject }]) => ({
        id,
        subject,
        account: tokenOf(id)?.account ?? null,
      })),
      outOf: grants.active.length,
      detail: null,
      whereabouts: (id) => {
        const token = tokenOf(id);
        if (token === undefined) return 'gone';
        return token.active ? 'repaired' : 'switched_off';
      },
    };
  },
};
