import { hostname } from 'node:os';
import type { Pool } from 'pg';
import type { Assessment } from '../assess/assess.js';
import { syncAuthFailedAtMs } from '../assess/sync-failures.js';
import type { AppEndpointConfig, Config, ProviderConfig, RefreshConfig } from '../config/config.js';
import type { SnapshotSource } from '../database/read-snapshot.js';
import { readSnapshot } from '../database/read-snapshot.js';
import { writeTransaction } from '../database/write-transaction.js';
import { readCatalog } from '../observe/catalog.js';
import { observeRows } from '../observe/observe-rows.js';
import { tablesOf } from '../observe/token-source.js';
import { claimTokens, readOwnClaims } from '../store/claims.js';
import { noteJournalSeen } from '../store/journals.js';
import { answerRequests } from './answer-requests.js';
import { createAppEndpointRefresher } from './app-endpoint-refresher.js';
import { resolveAppTable } from './app-table.js';
import { openConnections } from './bounded-request.js';
import { configurationFingerprint } from './configuration-fingerprint.js';
import { forcedOutcome, leftAlone, passedOver } from './forced-outcome.js';
import type { ForcedOutcome } from './forced-outcome.js';
import { createForcedTokens } from './forced-tokens.js';
import type { ForcedTokens } from './forced-tokens.js';
import { openJournal } from './journal/open-journal.js';
import type { OpenedJournal } from './journal/open-journal.js';
import { parseJournalKey } from './journal/journal-key.js';
import type { JournalProblem } from './journal/journal-problem.js';
import type { JournalKey } from './journal/journal-key.js';
import { noteConfiguration } from './note-configuration.js';
import { createRefresher } from './refresher.js';
import type { Refresher } from './refresher.js';
import { createTokenRefresh } from './token-refresh.js';
import type { TokenRefreshListener } from './token-refresh.js';

/** Everything that refreshing needs of the process it runs in. */
export interface RefreshingParts {
  readonly config: Config;
  readonly database: SnapshotSource;
  readonly statePool: Pool;
  readonly listenerFor: (provider: string) => TokenRefreshListener;
  /** The journal can't be used, and why; null: it can. */
  readonly onJournal: (problem: string | null) => void;
  readonly onWarning: (message: string) => void;
  /** A random UUID that names this process. */
  readonly processId: string;
  readonly random: () => number;
  readonly monotonicMs: () => number;
  readonly clock: () => Date;
}

export interface Refreshing {
  /** Takes what a poll found due. Never waits. */
  readonly offer: (assessment: Assessment) => void;
  /** Takes the journal and works off what is in it, where that has not happened yet. */
  readonly prepare: () => Promise<void>;
  /**
   * Tries tokens whether or not they are due, because a person asked; tells what comes of each.
   * null: this provider can't be refreshed here and now.
   */
  readonly force: (
    provider: string,
    tokenIds: readonly string[],
    askedAt: Date,
  ) => ReadonlyMap<string, Promise<ForcedOutcome>> | null;
  /** Takes what people asked for through the memory. Never rejects. */
  readonly answerRequests: () => Promise<void>;
  /** Sends nothing more, and waits for the answers that are on their way. */
  readonly stop: () => Promise<void>;
}

type TakenJournal = Extract<OpenedJournal, { ok: true }>;

type RefreshedProvider = ProviderConfig & { readonly refresh: RefreshConfig };

/** The providers whose tokens this process refreshes. */
export function refreshedProviders({ providers }: Config): RefreshedProvider[] {
  return providers.filter(
    (provider): provider is RefreshedProvider => provider.refresh?.mode === 'on',
  );
}

/**
 * Starts refreshing: takes the journal, works off what an earlier life left in it, and then what
 * each poll brings. What can't be had yet (the journal, a table) is tried again with each poll.
 */
export function startRefreshing(parts: RefreshingParts): Refreshing {
  const providers = refreshedProviders(parts.config);
  const stopping = new AbortController();
  const connections = openConnections();
  const refreshers = new Map<string, Refresher>();
  const forced = new Map<string, ForcedTokens>();
  const noted = new Set<string>();
  let taken: TakenJournal | null = null;
  let latest: Assessment | null = null;
  let preparing: Promise<void> | null = null;
  let checking: Promise<void> | null = null;

  /** Whoever sees claims of this journal shall know that they are worked on. */
  const noteAlive = (): void => {
    if (taken === null) return;
    noteJournalSeen(parts.statePool, taken.journal.id, hostname()).catch((error: unknown) => {
      const message = error instanceof Error ? error.message : String(error);
      parts.onWarning(`the journal could not be shown to be in use: ${message}`);
    });
  };

  /** A journal that was taken can fail later: its disk fills up, or somebody deletes it. */
  const tellJournal = async (): Promise<void> => {
    if (taken === null || stopping.signal.aborted) return;
    tell(await taken.journal.probe());
  };

  const tell = (problem: JournalProblem | null): void => {
    parts.onJournal(problem === null ? null : `${problem.message}; ${problem.remedy}`);
  };

  const takeJournal = async (): Promise<TakenJournal | null> => {
    if (taken !== null) return taken;
    const { directory, key, oldKeys } = parts.config.journal;
    const opened = await openJournal({
      directory,
      key: (key === null ? [] : readKeys([key]))[0] ?? null,
      oldKeys: readKeys(oldKeys),
      onWarning: parts.onWarning,
    });
    tell(opened.ok ? opened.journal.refusal() : opened.problem);
    taken = opened.ok ? opened : null;
    noteAlive();
    return taken;
  };

  /** Once for each start, however often preparing is tried. */
  const noteOnce = async ({ name, refresh }: RefreshedProvider): Promise<void> => {
    if (noted.has(name)) return;
    await noteConfiguration(parts.statePool, name, configurationFingerprint(refresh));
    noted.add(name);
  };

  const prepare = async (provider: RefreshedProvider): Promise<void> => {
    const { way } = provider.refresh;
    const asked = forced.get(provider.name) ?? createForcedTokens();
    forced.set(provider.name, asked);
    await noteOnce(provider);
    if (way.kind === 'app_endpoint') {
      refreshers.set(provider.name, createAppRefresher(parts, provider, way, connections, asked));
      return;
    }
    const journal = await takeJournal();
    if (journal === null || stopping.signal.aborted) return;
    const refresher = await createProviderRefresher(
      parts,
      provider,
      journal,
      connections,
      stopping.signal,
      asked,
      (tokenId) =>
        syncAuthFailedAtMs(latest?.providers.get(provider.name)?.syncFailures ?? null, tokenId),
    );
    if (refresher !== null) refreshers.set(provider.name, refresher);
  };

  const prepareAll = async (): Promise<void> => {
    for (const provider of providers) {
      if (refreshers.has(provider.name)) continue;
      try {
        await prepare(provider);
      } catch (error) {
        parts.listenerFor(provider.name).onTrouble('refreshing could not start yet', error);
      }
    }
  };

  const prepareOnce = (): Promise<void> => {
    preparing ??= prepareAll().finally(() => {
      preparing = null;
    });
    return preparing;
  };
  const force: Refreshing['force'] = (provider, tokenIds, askedAt) => {
    const refresher = refreshers.get(provider);
    const asked = forced.get(provider);
    if (refresher === undefined || asked === undefined || stopping.signal.aborted) return null;
    const outcomes = new Map(tokenIds.map((tokenId) => [tokenId, asked.add(tokenId)]));
    refresher.force({ askedAt, tokenIds: [...outcomes.keys()] });
    return outcomes;
  };

  return {
    force,
    prepare: prepareOnce,
    answerRequests: () =>
      answerRequests({
        statePool: parts.statePool,
        owner: parts.processId,
        providers: () => (stopping.signal.aborted ? [] : [...refreshers.keys()]),
        force,
        onTrouble: (error) => {
          const message = error instanceof Error ? error.message : String(error);
          parts.onWarning(`what people asked for could not be taken or answered: ${message}`);
        },
      }),
    offer(assessment) {
      if (stopping.signal.aborted) return;
      latest = assessment;
      void prepareOnce();
      checking ??= tellJournal().finally(() => {
        checking = null;
      });
      noteAlive();
      const { observedAt } = assessment;
      if (observedAt === null) return;
      for (const [name, refresher] of refreshers) {
        const due = assessment.providers.get(name)?.grants?.due ?? [];
        refresher.offer({
          observedAt,
          due: due.filter(({ isDue }) => isDue),
          candidates: due,
        });
      }
    },
    async stop() {
      stopping.abort();
      await preparing;
      await checking;
      await Promise.all([...refreshers.values()].map((refresher) => refresher.stop()));
      await connections.close();
      await taken?.journal.release();
    },
  };
}

/** Keys that the configuration has already checked. */
function readKeys(texts: readonly string[]): JournalKey[] {
  return texts.flatMap((text) => {
    const parsed = parseJournalKey(text, 'the journal key');
    return parsed.ok ? [parsed.key] : [];
  });
}

function createAppRefresher(
  parts: RefreshingParts,
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
    readRows: () => observeRows(parts.database, provider),
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

/** null: the table can't be written as it is mapped; the listener was told why. */
async function createProviderRefresher(
  parts: RefreshingParts,
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
  const table = await readSnapshot(parts.database, async ({ query }) => {
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
    appPool: parts.database.pool,
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
  return createRefresher(provider, fingerprint, {
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
      await tokenRefresh.refresh(memory, isCanary);
      asked.settle(memory.tokenId, leftAlone(passedOver.unfinished));
    },
    onPassedOver: (tokenId, why) => {
      asked.settle(tokenId, leftAlone(why));
    },
    onClaimFailed: (error) => {
      listener.onTrouble('tokens could not be claimed; the next poll tries again', error);
    },
  });
}
