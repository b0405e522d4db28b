import type { AssessedToken } from '../../assess/assessed-token.js';
import type { GrantAssessment } from '../../assess/grants.js';
import { unseen } from './cause.js';
import type { Finding, ProviderContext, Whereabouts } from './cause.js';

/**
 * Finds a cause among a provider's tokens, as far as this poll saw and remembered them. What was
 * known before is no evidence.
 */
export function ofTokens(
  { assessed, memory }: ProviderContext,
  select: (grants: GrantAssessment) => {
    readonly affected: readonly AssessedToken[];
    readonly outOf: number;
    readonly detail?: string;
  },
): Finding {
  if (memory === null || assessed.grants === null) return unseen;
  const { tokens } = assessed.grants;
  const { affected, outOf, detail = null } = select(assessed.grants);
  let byId: ReadonlyMap<string, AssessedToken> | null = null;
  return {
    seen: true,
    affected: affected.map(({ tokenId, subject, account }) => ({
      id: tokenId,
      subject: subject ?? tokenId,
      account,
    })),
    outOf,
    detail,
    whereabouts: (id) => {
      byId ??= new Map(tokens.map((token) => [token.tokenId, token]));
      return whereabouts(byId.get(id));
    },
  };
}

function whereabouts(token: AssessedToken | undefined): Whereabouts {
  if (token === undefined) return 'gone';
  return token.active ? 'repaired' : 'switched_off';
}

/** Whether this exporter keeps a provider's tokens alive. */
export function isRefreshedByUs({ provider }: ProviderContext): boolean {
  return provider.refresh?.mode === 'on';
}
