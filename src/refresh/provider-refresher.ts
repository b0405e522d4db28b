import type { Pool } from 'pg';
import type { AppEndpointConfig, RefreshConfig } from '../config/refresh-config.js';
import type { Config, ProviderConfig } from '../config/config.js';
import type { DatabaseOf } from '../database/databases.js';
import { readSnapshot } from '../database/read-snapshot.js';
import { writeTransaction } from '../database/write-transaction.js';
import { readCatalog } from '../observe/catalog.js';
import { observeRows } from '../observe/observe-rows.js';
import { tablesOf } from '../observe/token-source.js';
import { claimTokens, readOwnClaims } from '../store/claims.js';
import { createAppEndpointRefresher } from './app-endpoint-refresher.js';
import { resolveAppTable } from './app-table.js';
import type { openConnections } from './bounded-request.js';
import { configurationFingerprint } from './configuration-fingerprint.js';
import { forcedOutcome, leftAlone, passedOver } from './forced-outcome.js';
import type { ForcedTokens } from './forced-tokens.js';
import type { TakenJournal } from './hold-journal.js';
import { createRefresher } from './refresher.js';
import type { Refresher } from './refresher.js';
import { createRevival } from './revive-dead.js';
import { createTokenRefresh } from './token-refresh.js';
import type { TokenRefreshListener } from './token-refresh.js';

/** What the refreshers of all providers share. */
export interface RefresherParts {
  readonly config: Config;
  readonly databaseOf: DatabaseOf;
  readonly statePool: Pool;
  readonly listenerFor: (provider: string) => TokenRefreshListener;
  /** A random UUID that names this process. */
  readonly processId: string;
  readonly random: () => number;
  readonly monotonicMs: () => number;
  readonly clock: () => Date;
}

export type RefreshedProvider = ProviderConfig & { readonly refresh: RefreshConfig };

/** Builds the refresher of a provider whose tokens an endpoint of the application refreshes. */
export function createAppRefresher(
  parts: RefresherParts,
  provider: RefreshedProvider,
  endpoint: AppEndpointConfig,
  connections: ReturnType<typeof openConnections>,
  asked: ForcedTokens,
): Refresher {
  return createAppEndpointRefresher({
    provider: provider.name,
    endpoint,
    rateLimit: provider.refresh.rateLimit,
    statePool: parts.statePool,
    owner: parts.processId,
    connections,
    readRows: () => observeRows(parts.databaseOf(provider), provider),
    random: parts.random,
    monotonicMs: parts.monotonicMs,
    listener: settling(parts.listenerFor(provider.name), asked),
    onPassedOver: (tokenId, why) => {
      asked.settle(tokenId, leftAlone(why));
    },
  });
}

/** A listener that also tells the outcomes that people wait for. */
function settling(listener: TokenRefreshListener, asked: ForcedTokens): TokenRefreshListener {
  return {
    ...listener,
    onOutcome(tokenId, outcome, durationMs) {
      listener.onOutcome(tokenId, outcome, durationMs);
      asked.settle(tokenId, forcedOutcome(outcome));
    },
  };
}

/**
 * Builds the refresher of a provider with a token endpoint, when what an earlier life of its journal
 * left behind is worked off. null: the table can't be written as it is mapped; the listener was told.
 */
export async function createTokenRefresher(
  parts: RefresherParts,
  provider: RefreshedProvider,
  { journal, entries }: TakenJournal,
  connections: ReturnType<typeof openConnections>,
  stopping: AbortSignal,
  asked: ForcedTokens,
  syncAuthFailedAtMs: (tokenId: string) => number | null,
): Promise<Refresher | null> {
  const { way, concurrency, invalidGrantConfirmAfterMs, rateLimit } = provider.refresh;
  if (way.kind !== 'token_endpoint') return null;
  const listener = settling(parts.listenerFor(provider.name), asked);
  const database = parts.databaseOf(provider);
  const table = await readSnapshot(database, async ({ query }) => {
    const catalog = await readCatalog(query, '', tablesOf(provider.tokens));
    return resolveAppTable(provider, catalog);
  });
  if (!table.known) {
    listener.onTrouble(`${table.reason}; ${table.remedy}`, null);
    return null;
  }
  const fingerprint = configurationFingerprint(provider.refresh);
  const tokenRefresh = createTokenRefresh({
    provider,
    endpoint: way,
    concurrency,
    confirmAfterMs: invalidGrantConfirmAfterMs,
    configurationFingerprint: fingerprint,
    pollIntervalMs: parts.config.pollIntervalMs,
    appPool: database.pool,
    table: table.value,
    statePool: parts.statePool,
    journal,
    connections,
    isForced: asked.isForced,
    syncAuthFailedAtMs,
    random: parts.random,
    monotonicMs: parts.monotonicMs,
    clock: parts.clock,
    stopping,
    listener,
  });
  const claims = await writeTransaction(parts.statePool, (query) =>
    readOwnClaims(query, provider.name, journal.id),
  );
  await tokenRefresh.recover(claims, entries);
  const refresher = createRefresher(provider, fingerprint, {
    claim: (observedAt, uncertain, decide) =>
      claimTokens(parts.statePool, {
        provider: provider.name,
        journalId: journal.id,
        rateLimit,
        observedAt,
        uncertain,
        decide,
      }),
    refresh: async (memory, isCanary) => {
      const left = await tokenRefresh.refresh(memory, isCanary);
      asked.settle(memory.tokenId, leftAlone(passedOver.unfinished));
      return left;
    },
    onPassedOver: (tokenId, why) => {
      asked.settle(tokenId, leftAlone(why));
    },
    onClaimFailed: (error) => {
      listener.onTrouble('tokens could not be claimed; the next poll tries again', error);
    },
  });
  const revival = createRevival(
    {
      provider: provider.name,
      appPool: database.pool,
      table: table.value,
      statePool: parts.statePool,
    },
    parts.monotonicMs,
    listener.onTrouble,
  );
  return {
    ...refresher,
    offer(work) {
      refresher.offer(work);
      revival.check();
    },
    async stop() {
      await refresher.stop();
      await revival.settled();
      await tokenRefresh.settled();
    },
  };
}
