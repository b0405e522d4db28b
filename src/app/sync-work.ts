import { countSyncRuns } from '../observe/count-sync-runs.js';
import { syncRetryListener } from '../publish/sync-retry-listener.js';
import { openConnections } from '../refresh/bounded-request.js';
import { retriedProviders, startSyncRetries } from '../remedy/retry-syncs.js';
import type { SyncRetries } from '../remedy/retry-syncs.js';
import { messageOf } from './app-parts.js';
import type { AppParts } from './app-parts.js';

/** Asks for failed syncs again; does nothing where no provider has an endpoint for it. */
export function startRetryingSyncs({ config, statePool, metrics, log }: AppParts): SyncRetries {
  const connections = openConnections();
  for (const { name } of retriedProviders(config)) metrics.syncs.declareRetries(name);
  const listener = syncRetryListener(metrics.syncs, log);
  const retries = startSyncRetries({ config, statePool, connections, listener });
  return {
    offer: retries.offer,
    async stop() {
      // A sync holds no token: it need not be waited for, but what came of it is still noted.
      const ended = retries.stop();
      await connections.destroy();
      await ended;
    },
  };
}

/** Counts the runs in the sync logs that one database has. Never rejects. */
export async function countRunsIn(
  database: string,
  { config, databases, statePool, metrics, log }: AppParts,
): Promise<void> {
  for (const provider of config.providers.filter((each) => each.database === database)) {
    try {
      const counts = await countSyncRuns(databases.of(provider), statePool, provider);
      if (counts !== null) metrics.syncs.recordRuns(provider.name, counts);
    } catch (error) {
      // The polls say what is wrong with the database or the memory.
      log.debug(`the syncs of ${provider.name} could not be counted yet`, {
        error: messageOf(error),
      });
    }
  }
}
