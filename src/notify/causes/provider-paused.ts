import type { PauseReason } from '../../assess/provider-pause.js';
import type { Incident } from '../../store/incidents.js';
import { unseen, whole } from './cause.js';
import type { Finding, ProviderCause, ProviderContext } from './cause.js';
import { isRefreshedByUs } from './of-tokens.js';

/** Refreshes fail alike, and the breaker holds them back: the provider, or the way to it. */
export const providerFailing: ProviderCause = {
  name: 'provider_failing',
  severity: 'warning',
  opensAtOnce: false,
  scope: 'provider',
  runbook: 'oauthtokenrefreshpaused',
  title: () => 'Refreshes failing at the provider',
  explanation:
    'Refresh after refresh failed in the same way, so only one is tried at a time, every five minutes. Tokens stay valid until they expire.',
  nextStep:
    "Look at the provider's status page, then at name resolution, proxies and firewalls. It goes on by itself when a refresh succeeds.",
  proof: 'A refresh succeeded.',
  find: (context, previous) => paused(context, 'breaker', previous),
};

/** The provider refuses our client: every token would fail alike, and no user can do anything. */
export const clientConfiguration: ProviderCause = {
  name: 'client_configuration',
  severity: 'critical',
  opensAtOnce: true,
  scope: 'provider',
  runbook: 'oauthtokenrefreshpaused',
  title: () => 'Client refused by the provider',
  explanation:
    'The provider does not accept the client that refreshes the tokens, so nothing is refreshed until that is corrected. The grants of the users are not affected.',
  nextStep:
    'Correct client_id, client_secret or client_authentication, and restart the exporter. Do not ask users to reconnect: it would not help.',
  proof: 'The provider accepted the client, or the exporter runs with another one.',
  find: (context, previous) => paused(context, 'configuration', previous),
};

/**
 * A pause that is gone is evidence only together with a refresh since: a breaker lets one try
 * through now and then. Another configuration ends its pause by itself.
 */
function paused(context: ProviderContext, reason: PauseReason, previous: Incident | null): Finding {
  const { assessed, memory, provider } = context;
  if (memory === null || assessed.pauses === null || !isRefreshedByUs(context)) return unseen;
  const pause = assessed.pauses.find((each) => each.reason === reason);
  if (pause !== undefined) {
    const detail = pause.failure === null ? null : `The last failure: ${pause.failure}.`;
    return whole(true, provider.name, detail);
  }
  const isProven =
    reason === 'configuration' ||
    previous === null ||
    [...memory.tokens.values()].some(
      ({ refreshedAtMs }) => refreshedAtMs !== null && refreshedAtMs >= previous.firstSeenAtMs,
    );
  return isProven ? whole(false, provider.name) : unseen;
}
