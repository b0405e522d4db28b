import { observedAtOf, wasRead } from '../assess/assess.js';
import type { Assessment } from '../assess/assess.js';
import type { SilentJournal } from '../assess/memories.js';
import { syncAuthFailedAtMs } from '../assess/sync-failures.js';
import type { Config } from '../config/config.js';
import { plural } from '../config/plural.js';
import { answerRequests } from './answer-requests.js';
import { openConnections } from './bounded-request.js';
import { configurationFingerprint } from './configuration-fingerprint.js';
import type { ForcedOutcome } from './forced-outcome.js';
import { createForcedTokens } from './forced-tokens.js';
import type { ForcedTokens } from './forced-tokens.js';
import { createJournalHolder } from './hold-journal.js';
import { noteConfiguration } from './note-configuration.js';
import { createAppRefresher, createTokenRefresher } from './provider-refresher.js';
import type { RefreshedProvider, RefresherParts } from './provider-refresher.js';
import type { Refresher } from './refresher.js';
import { takeOverClaims } from './take-over-claims.js';

/** Everything that refreshing needs of the process it runs in. */
export interface RefreshingParts extends RefresherParts {
  /** The journal can't be used, and why; null: it can. */
  readonly onJournal: (problem: string | null) => void;
  readonly onWarning: (message: string) => void;
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
  const journal = createJournalHolder({ ...parts, config: parts.config.journal });
  const noted = new Set<string>();
  let latest: Assessment | null = null;
  const preparing = new Map<string, Promise<void>>();
  let checking: Promise<void> | null = null;

  /** Beside the polls: what it frees is found due by the next one. */
  const takeOver = async (silent: readonly SilentJournal[]): Promise<void> => {
    const foreign = silent.filter(({ journalId }) => journalId !== journal.id());
    for (const { name, refresh } of providers) {
      if (refresh.way.kind !== 'token_endpoint' || !refreshers.has(name)) continue;
      for (const each of foreign) {
        const freed = await takeOverClaims(parts.statePool, each, name);
        if (freed.length === 0) continue;
        parts.onWarning(
          `${plural(freed.length, `token of ${name} was`, `tokens of ${name} were`)} taken over from the journal ${each.journalId}, whose owner is silent; what it sent for them may be sent again`,
        );
      }
    }
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
    const taken = await journal.take();
    if (taken === null || stopping.signal.aborted) return;
    const refresher = await createTokenRefresher(
      parts,
      provider,
      taken,
      connections,
      stopping.signal,
      asked,
      (tokenId) =>
        syncAuthFailedAtMs(latest?.providers.get(provider.name)?.syncFailures ?? null, tokenId),
    );
    if (refresher !== null) refreshers.set(provider.name, refresher);
  };

  const prepareSafely = async (provider: RefreshedProvider): Promise<void> => {
    try {
      await prepare(provider);
    } catch (error) {
      parts.listenerFor(provider.name).onTrouble('refreshing could not start yet', error);
    }
  };

  /** Each provider by itself: what one waits for, a database that hangs, is nothing to another. */
  const prepareOnce = async (): Promise<void> => {
    await Promise.all(
      providers.flatMap((provider) => {
        if (refreshers.has(provider.name)) return [];
        const underWay =
          preparing.get(provider.name) ??
          prepareSafely(provider).finally(() => preparing.delete(provider.name));
        preparing.set(provider.name, underWay);
        return underWay;
      }),
    );
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
      checking ??= journal.check().finally(() => {
        checking = null;
      });
      takeOver(assessment.silentJournals).catch((error: unknown) => {
        const message = error instanceof Error ? error.message : String(error);
        parts.onWarning(`the claims of a silent journal could not be taken over: ${message}`);
      });
      for (const provider of providers) {
        const { name } = provider;
        const refresher = refreshers.get(name);
        const observedAt = observedAtOf(assessment, name);
        if (refresher === undefined || observedAt === null) continue;
        if (!wasRead(assessment, provider)) continue;
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
      await Promise.all(preparing.values());
      await checking;
      await Promise.all([...refreshers.values()].map((refresher) => refresher.stop()));
      await connections.close();
      await journal.release();
    },
  };
}
