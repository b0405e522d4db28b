import type { Assessment } from '../../src/assess/assess.js';
import { absorbPoll } from '../../src/watch/absorb-poll.js';
import type { LedgerFacts, WatchedConfiguration } from '../../src/watch/absorb-poll.js';
import { endNotice } from '../../src/watch/checkpoints.js';
import type { WatchNotice } from '../../src/watch/checkpoints.js';
import type { SeenCron } from '../../src/assess/cron-trouble.js';
import type { TroubleLine } from '../../src/store/watch-ledger.js';
import { judge } from '../../src/watch/judge.js';
import type { Judgement, WatchState } from '../../src/watch/judge.js';
import type { LedgerCount } from '../../src/watch/refresh-totals.js';
import type { StabilityWatch } from '../../src/watch/stability-watch.js';
import type { KeptSample } from '../../src/watch/watch-sample.js';
import { hourMs, minuteMs, pollIntervalMs, startMs, watchedProviders } from './simulated-world.js';
import type { LedgerEvent, SimulatedWorld } from './simulated-world.js';

/** What happens in a simulated watch, and how it was started. */
export interface Scenario {
  readonly world: SimulatedWorld;
  readonly forMs?: number;
  readonly prove?: number;
  readonly acceptKnown?: boolean;
  /** Offset from the start → what happens before the poll then. */
  readonly events?: readonly (readonly [offsetMs: number, event: (nowMs: number) => void])[];
  /** Whether a poll takes place at this offset. */
  readonly isUp?: (offsetMs: number) => boolean;
  /** What is known of scheduled jobs at this offset. */
  readonly cron?: (offsetMs: number) => SeenCron | null;
  /** Whether messages to people go through the outbox at this offset. */
  readonly usesOutbox?: (offsetMs: number) => boolean;
  /** The exporter is another process after each of these stretches. */
  readonly restartEveryMs?: number;
}

export interface Simulated {
  readonly state: WatchState;
  readonly judgement: Judgement;
  readonly notices: readonly WatchNotice[];
  readonly samples: readonly KeptSample[];
  readonly logged: readonly string[];
}

/** Where the samples of a simulated watch go. */
export interface Keeper {
  offer(poll: {
    readonly assessment: Assessment;
    readonly previous: Assessment;
    readonly cron: SeenCron | null;
    readonly nowMs: number;
    readonly events: readonly LedgerEvent[];
    readonly undelivered: number;
  }): Promise<{ readonly ended: boolean; readonly wanted: readonly string[] }>;
  /** The exporter is another process from now on, perhaps with another configuration. */
  restart(configuration: WatchedConfiguration): void;
  result(): Promise<Simulated>;
}

export const configured = (usesOutbox: boolean): WatchedConfiguration => ({
  providers: watchedProviders,
  fingerprint: 'configuration-1',
  usesOutbox,
});

/** Lives through a whole watch: the clock is the argument, the policies are the real ones. */
export async function simulateWatch(
  scenario: Scenario,
  keeperOf: (watch: Omit<StabilityWatch, 'id'>) => Promise<Keeper> | Keeper = keepInMemory,
): Promise<Simulated> {
  const { world, forMs = 48 * hourMs, prove = 0, acceptKnown = false } = scenario;
  const keeper = await keeperOf({
    providers: ['fathom'],
    startedAtMs: startMs,
    deadlineAtMs: startMs + forMs,
    pollIntervalMs,
    note: 'refresh cron fixed',
    startedBy: 'ops',
    prove,
    acceptKnown,
  });
  const events = [...(scenario.events ?? [])];
  let written = 0;
  let restarts = 0;
  let hadOutbox = true;
  for (let offsetMs = 7_000; offsetMs <= forMs + pollIntervalMs; offsetMs += pollIntervalMs) {
    const nowMs = startMs + offsetMs;
    while (events[0] !== undefined && events[0][0] <= offsetMs) events.shift()?.[1](nowMs);
    if (scenario.isUp?.(offsetMs) === false) continue;
    const usesOutbox = scenario.usesOutbox?.(offsetMs) ?? true;
    const isTime = offsetMs >= (restarts + 1) * (scenario.restartEveryMs ?? Infinity);
    if (isTime) restarts += 1;
    if (isTime || usesOutbox !== hadOutbox) keeper.restart(configured(usesOutbox));
    hadOutbox = usesOutbox;
    const poll = world.poll(nowMs);
    const cron = scenario.cron?.(offsetMs) ?? null;
    const news = world.ledger.slice(written);
    written = world.ledger.length;
    const { undelivered } = world;
    const offered = { ...poll, cron, nowMs, events: news, undelivered };
    const { ended, wanted } = await keeper.offer(offered);
    if (ended) break;
    for (const tokenId of wanted) world.refresh(tokenId, nowMs + 1_000);
  }
  return keeper.result();
}

/** Keeps the samples here: the same pure code as with a database, fast enough for many scenarios. */
export function keepInMemory(terms: Omit<StabilityWatch, 'id'>): Keeper {
  let state: WatchState = {
    watch: { id: 1, ...terms },
    baseline: null,
    progress: null,
    stop: null,
  };
  const notices: WatchNotice[] = [];
  const samples: KeptSample[] = [];
  const ledger: (LedgerEvent & { readonly id: number })[] = [];
  let waiting = '';
  let configuration = configured(true);
  const end = (nowMs: number) => {
    notices.push(endNotice(state, Math.min(nowMs, terms.deadlineAtMs)));
    return { ended: true, wanted: [] };
  };
  return {
    restart(other) {
      configuration = other;
    },
    offer({ events, undelivered, ...poll }) {
      for (const event of events) ledger.push({ ...event, id: ledger.length + 1 });
      const facts = {
        ledger: ledgerFacts(ledger, state.baseline?.ledgerId ?? null),
        outbox: configuration.usesOutbox
          ? { late: undelivered, oldestForMs: undelivered === 0 ? null : 11 * minuteMs }
          : null,
      };
      const absorbed = absorbPoll(state, poll, facts, configuration);
      if (absorbed.kind === 'over') return Promise.resolve(end(poll.nowMs));
      if (absorbed.kind === 'waiting') waiting = absorbed.because;
      if (absorbed.kind !== 'sampled') return Promise.resolve({ ended: false, wanted: [] });
      // Now and then as it would come back from the database, which takes time.
      const isTrip = absorbed.sample.slot % 60 === 0;
      state = isTrip ? roundTrip(absorbed.state) : absorbed.state;
      samples.push(absorbed.sample);
      if (judge(state, poll.nowMs).verdict !== 'RUNNING') return Promise.resolve(end(poll.nowMs));
      if (absorbed.checkpoint !== null) notices.push(absorbed.checkpoint);
      const wanted = absorbed.wanted.map(({ tokenId }) => tokenId);
      return Promise.resolve({ ended: false, wanted });
    },
    result: () =>
      Promise.resolve({
        state,
        judgement: judge(state, terms.deadlineAtMs),
        notices,
        samples,
        logged: waiting === '' ? [] : [waiting],
      }),
  };
}

function roundTrip(state: WatchState): WatchState {
  return JSON.parse(JSON.stringify(state)) as WatchState;
}

function ledgerFacts(
  ledger: readonly (LedgerEvent & { readonly id: number })[],
  sinceId: number | null,
): LedgerFacts {
  const since = sinceId === null ? [] : ledger.slice(sinceId);
  const counts = new Map<string, LedgerCount>();
  for (const { event, reason } of since) {
    const key = `${event} ${reason ?? ''}`;
    const count = (counts.get(key)?.count ?? 0) + 1;
    counts.set(key, { provider: 'fathom', event, reason, count });
  }
  const troubles = since
    .filter(({ event, reason }) => event === 'died' || reason === 'storage')
    .map((each): TroubleLine => ({ ...each, provider: 'fathom' }));
  return { newestId: ledger.length, counts: [...counts.values()], troubles };
}
