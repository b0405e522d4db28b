import { hostname } from 'node:os';
import type { Assessment } from '../assess/assess.js';
import type { Config } from '../config/config.js';
import { noteJournalSeen } from '../store/journals.js';
import { answerRequests } from './answer-requests.js';
import { openConnections } from './bounded-request.js';
import type { ForcedOutcome } from './forced-outcome.js';
import { createForcedTokens } from './forced-tokens.js';
import type { ForcedTokens } from './forced-tokens.js';
import { openJournal } from './journal/open-journal.js';
import { parseJournalKey } from './journal/journal-key.js';
import type { JournalKey } from './journal/journal-key.js';
import { createAppRefresher, createTokenRefresher } from './provider-refresher.js';
import type { RefreshedProvider, RefresherParts, TakenJournal } from './provider-refresher.js';
import type { Refresher } from './refresher.js';

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
  let taken: TakenJournal | null = null;
  let preparing: Promise<void> | null = null;

  /** Whoever sees claims of this journal shall know that they are worked on. */
  const noteAlive = (): void => {
    if (taken === null) return;
    noteJournalSeen(parts.statePool, taken.journal.id, hostname()).catch((error: unknown) => {
      const message = error instanceof Error ? error.message : String(error);
      parts.onWarning(`the journal could not be shown to be in use: ${message}`);
    });
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
    const problem = opened.ok ? opened.journal.refusal() : opened.problem;
    parts.onJournal(problem === null ? null : `${problem.message}; ${problem.remedy}`);
    taken = opened.ok ? opened : null;
    noteAlive();
    return taken;
  };

  const prepare = async (provider: RefreshedProvider): Promise<void> => {
    const { way } = provider.refresh;
    const asked = forced.get(provider.name) ?? createForcedTokens();
    forced.set(provider.name, asked);
    if (way.kind === 'app_endpoint') {
      refreshers.set(provider.name, createAppRefresher(parts, provider, way, connections, asked));
      return;
    }
    const journal = await takeJournal();
    if (journal === null || stopping.signal.aborted) return;
    const refresher = await createTokenRefresher(
      parts,
      provider,
      journal,
      connections,
      stopping.signal,
      asked,
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
      void prepareOnce();
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
