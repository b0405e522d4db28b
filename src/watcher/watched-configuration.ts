import { createHash } from 'node:crypto';
import type { Config, ProviderConfig } from '../config/config.js';
import type { WatchedConfiguration } from '../watch/absorb-poll.js';

/** Reduces the configuration to what a watch must know, and to a fingerprint of what it watches. */
export function watchedConfiguration(config: Config, version: string): WatchedConfiguration {
  const told = {
    version,
    pollIntervalMs: config.pollIntervalMs,
    providers: config.providers.map(describe),
  };
  return {
    providers: config.providers.map(({ name, syncs, webhooks }) => ({
      name,
      overdueAfterMs: syncs?.overdueAfterMs ?? null,
      silentAfterMs: webhooks?.silentAfterMs ?? null,
    })),
    usesOutbox: config.notify.webhooks.length > 0,
    fingerprint: createHash('sha256').update(JSON.stringify(told)).digest('hex').slice(0, 16),
  };
}

/** Of the ways to refresh and to sync only what is no secret: a short one can be guessed from its hash. */
function describe({ refresh, syncs, ...rest }: ProviderConfig): unknown {
  const provider = { ...rest, syncs: syncs === null ? null : { ...syncs, endpoint: null } };
  if (refresh === null) return { ...provider, refresh };
  const { way, ...policy } = refresh;
  const endpoint =
    way.kind === 'token_endpoint'
      ? { kind: way.kind, clientId: way.clientId, clientAuthentication: way.clientAuthentication }
      : { kind: way.kind, perRow: way.perRow };
  return { ...provider, refresh: { ...policy, endpoint } };
}
