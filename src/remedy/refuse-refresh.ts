import type { GrantState } from '../assess/grant-state.js';
import type { ProviderConfig } from '../config/config.js';

/** Why no token of a provider is refreshed here, and what to do; null: they are. */
export function refuseProvider({ name, refresh }: ProviderConfig): string | null {
  if (refresh === null) {
    return `${name}: nothing tells how its tokens can be refreshed; set FATHOM_CLIENT_ID and FATHOM_CLIENT_SECRET, or map refresh`;
  }
  return refresh.mode === 'on' ? null : `${name}: REFRESH_MODE is ${refresh.mode}`;
}

/**
 * Why a token is left alone whoever asks for its refresh; null: it is tried. A person who names it
 * may force one try even where its grant is dead; a row that was switched off is never refreshed.
 */
export function refuseToken(token: {
  readonly grant: GrantState;
  readonly hasRefreshToken: boolean | null;
}): string | null {
  if (token.grant === 'disabled') return 'inactive: switch the row on, then it is refreshed';
  if (token.hasRefreshToken === false) return 'no refresh token: the user must authorize again';
  return null;
}

/** The first of these reasons for a token of a poll; null: it is tried. */
export function refuseRefresh(
  providers: readonly ProviderConfig[],
  {
    provider,
    grant,
    hasRefreshToken,
  }: {
    readonly provider: string;
    /** null: nothing is remembered of it. */
    readonly grant: GrantState | null;
    readonly hasRefreshToken: boolean | null;
  },
): string | null {
  const configured = providers.find(({ name }) => name === provider);
  if (configured === undefined) return `no provider "${provider}" is configured`;
  if (grant === null)
    return 'nothing is remembered of it, and without a memory nothing is refreshed';
  return refuseProvider(configured) ?? refuseToken({ grant, hasRefreshToken });
}
