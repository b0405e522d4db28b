import { setTimeout as delay } from 'node:timers/promises';
import type { Pool } from 'pg';
import { learnCron } from './assess/cron-knowledge.js';
import { nothingRemembered } from './assess/memories.js';
import type { Memories, ProviderMemory, SilentJournal } from './assess/memories.js';
import type { ProviderPause } from './assess/provider-pause.js';
import { stepThroughTokenChanges } from './assess/token-changes.js';
import type { ProviderConfig } from './config/config.js';
import type { Log } from './log.js';
import type { Observation } from './observe/observe.js';
import { configurationFingerprint } from './refresh/configuration-fingerprint.js';
import { parseProviderHealth } from './refresh/parse-provider-health.js';
import { pausedFor } from './refresh/provider-health.js';
import type { CarriedMemory } from './store/carried-memory.js';
import type { CronKnowledge } from './store/cron-knowledge.js';
import { runInSlices } from './run-in-slices.js';
import { rememberCron } from './store/cron-memory.js';
import { stateSchema } from './store/migrate.js';
import { createJournalObserver } from './refresh/observe-journals.js';
import { openState } from './store/open-state.js';
import type { ProviderRow } from './store/provider-row.js';
import { pruneLedger } from './store/prune-ledger.js';
import type { ChangeEvent } from './store/record-changes.js';
import { rememberRows } from './store/remember-rows.js';

/** The exporter's memory, as the polls use it: whatever goes wrong with it, polling goes on. */
export interface Memory {
  /** Whether its schema was there when last looked for; true before that. */
  readonly isUsable: () => boolean;
  /** Takes over what a poll saw of each database; empty where the memory can't be used. */
  readonly remember: (observations: readonly Observation[]) => Promise<Memories>;
  /** Deletes what is older than the retention. Says whether that worked. */
  readonly prune: (retentionMs: number) => Promise<boolean>;
}

export interface MemoryParts {
  readonly pool: Pool;
  readonly pollIntervalMs: number;
  /** How long a poll waits for the memory before it goes on without. */
  readonly patienceMs: number;
  readonly providers: readonly Pick<ProviderConfig, 'name' | 'refresh'>[];
  readonly log: Log;
  /** Hears what this replica was the first to notice. */
  readonly onEvents: (provider: string, events: readonly ChangeEvent[]) => void;
}

/** No database answers a poll later than this, nor is a clock of theirs off by more. */
const lateMs = 60_000;

/** Opens the memory; nothing is asked of its database before the first poll. */
export function createMemory(parts: MemoryParts): Memory {
  const { pool, providers, log, onEvents } = parts;
  const state = openState(pool);
  const journals = createJournalObserver(pool, parts.pollIntervalMs);
  let missing: string | null = null;
  let lastProblem: string | null = null;
  let underWay: Promise<Memories> | null = null;

  /** A problem is told when it begins or changes, not with every poll. */
  const tell = (problem: string | null): void => {
    if (problem !== null && problem !== lastProblem) log.warn(problem);
    if (problem === null && lastProblem !== null) log.info('the memory can be used again');
    lastProblem = problem;
  };

  let silent: readonly SilentJournal[] = [];
  let silentAt: Date | null = null;
  const silentJournals = async (now: Date): Promise<readonly SilentJournal[]> => {
    // What answered late is of an earlier instant, by which no time has passed.
    const isLate =
      silentAt !== null && now <= silentAt && silentAt.getTime() - now.getTime() < lateMs;
    if (isLate) return silent;
    try {
      silent = await journals.observe(now);
      silentAt = now;
      return silent;
    } catch (error) {
      log.warn('the journals could not be observed', { error: messageOf(error) });
      return [];
    }
  };

  const carried = new Map<string, CarriedMemory>();
  /** It comes back only with a transaction that was committed. */
  const takeCarried = (provider: string): CarriedMemory | null => {
    const taken = carried.get(provider) ?? null;
    carried.delete(provider);
    return taken;
  };

  const rememberAll = async (observations: readonly Observation[]): Promise<Memories> => {
    const remembered = new Map<string, ProviderMemory>();
    missing = await state.ensureReady();
    let problem = missing;
    const seen = observations.flatMap((each) =>
      each.providers.map((provider) => ({ ...provider, now: each.now })),
    );
    for (const { name, tokens, now } of missing === null ? seen : []) {
      const rows = tokens.known ? tokens.value.rows : null;
      if (rows === null) continue;
      try {
        const { memory, events, provider } = await rememberRows(
          pool,
          name,
          now,
          (before) => runInSlices(stepThroughTokenChanges(before, rows, now)),
          takeCarried(name),
        );
        carried.set(name, memory);
        const refresh = providers.find((each) => each.name === name)?.refresh ?? null;
        const pauses = pausesOf(refresh, provider, now);
        remembered.set(name, { tokens: memory.tokens, pauses });
        onEvents(name, events);
      } catch (error) {
        problem ??= unusable(name, error);
      }
    }
    // Jobs are watched in one database only.
    const withJobs = observations.find(({ surroundings }) => surroundings.cron !== null);
    const isJobs = missing === null && withJobs !== undefined;
    const cron = isJobs ? await rememberJobs(pool, withJobs) : null;
    problem ??= cron?.problem ?? null;
    tell(problem);
    const now = observations.map((each) => each.now).reduce((a, b) => (a > b ? a : b));
    return {
      problem,
      providers: remembered,
      silentJournals: problem === null ? await silentJournals(now) : [],
      cron: cron?.knowledge ?? null,
    };
  };

  const tooSlow = (): Memories => {
    const problem = `the memory did not answer within ${String(parts.patienceMs / 1000)} s; look for locks and long statements in pg_stat_activity of its database`;
    tell(problem);
    return { ...nothingRemembered, problem };
  };

  return {
    isUsable: () => missing === null,
    async remember(observations) {
      // One that hangs is not joined by one more with each poll.
      if (underWay !== null) return tooSlow();
      const work = rememberAll(observations).finally(() => {
        underWay = null;
      });
      underWay = work;
      const answered = new AbortController();
      try {
        const patience = delay(parts.patienceMs, undefined, { signal: answered.signal });
        return await Promise.race([work, patience.then(tooSlow)]);
      } finally {
        answered.abort();
      }
    },
    async prune(retentionMs) {
      if (missing !== null) return true;
      try {
        await pruneLedger(pool, retentionMs);
        return true;
      } catch (error) {
        log.debug('the ledger could not be pruned yet', { error: messageOf(error) });
        return false;
      }
    },
  };
}

/** What holds a provider's refreshes back for a process with this configuration. */
export function pausesOf(
  refresh: ProviderConfig['refresh'],
  row: ProviderRow | null,
  now: Date,
): readonly ProviderPause[] {
  if (refresh?.mode !== 'on' || row === null) return [];
  const health = parseProviderHealth(row.breaker);
  return pausedFor(health, now.getTime(), configurationFingerprint(refresh));
}

interface RememberedJobs {
  readonly knowledge: CronKnowledge | null;
  readonly problem: string | null;
}

async function rememberJobs(
  pool: Pool,
  { now, surroundings: { cron } }: Observation,
): Promise<RememberedJobs> {
  if (cron?.jobs.known !== true) return { knowledge: null, problem: null };
  try {
    const knowledge = await rememberCron(pool, (before) => learnCron(before, cron, now));
    return { knowledge, problem: null };
  } catch (error) {
    return { knowledge: null, problem: unusable('cron jobs', error) };
  }
}

function unusable(what: string, error: unknown): string {
  return `the memory of ${what} could not be used: ${messageOf(error)}; check its database, and that this role may use the schema ${stateSchema}`;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
