import type { Assessment } from '../assess/assess.js';
import type { Query } from '../database/read-snapshot.js';
import { askForRefreshes } from '../store/refresh-requests.js';
import { countRefreshes, readNewestLedgerId, readTroubles } from '../store/watch-ledger.js';
import { saveBaseline, saveSample, saveWaiting } from '../store/watches.js';
import { advance } from '../watch/advance.js';
import { takeBaseline } from '../watch/baseline.js';
import type { WatchBaseline } from '../watch/baseline.js';
import type { CronTrouble } from '../watch/checks/check.js';
import { checkpointNotice, checkpointsPassed, endNotice } from '../watch/checkpoints.js';
import type { WatchNotice } from '../watch/checkpoints.js';
import { nextSlot } from '../watch/coverage.js';
import { judge } from '../watch/judge.js';
import type { WatchState } from '../watch/judge.js';
import type { PollView } from '../watch/look.js';
import { viewPoll } from '../watch/poll-view.js';
import type { WatchedProvider } from '../watch/poll-view.js';
import { beginProgress } from '../watch/progress.js';
import { prove } from '../watch/prove.js';
import { refreshTotals } from '../watch/refresh-totals.js';
import { endWatch } from './end-watch.js';
import type { WatchedConfiguration } from './watched-configuration.js';

/** A poll, as it is offered to every watch. */
export interface OfferedPoll {
  readonly assessment: Assessment;
  readonly previous: Assessment;
  /** null: nothing is known of scheduled jobs. */
  readonly cron: readonly CronTrouble[] | null;
  readonly nowMs: number;
}

export interface Sampled {
  readonly state: WatchState;
  readonly notices: readonly WatchNotice[];
}

/**
 * Takes one poll into a watch that this transaction holds locked: at most one sample per interval,
 * whichever replica comes first. Ends the watch when that decides it or when its time is over.
 */
export async function takeSample(
  query: Query,
  state: WatchState,
  poll: OfferedPoll,
  configuration: WatchedConfiguration,
): Promise<Sampled> {
  const { watch } = state;
  const { nowMs } = poll;
  if (nowMs < watch.startedAtMs) return { state, notices: [] };
  if (nowMs > watch.deadlineAtMs) return finish(query, state, nowMs, []);
  const slot = nextSlot(watch, nowMs, state.progress?.last ?? null);
  if (slot === null) return { state, notices: [] };

  const seen = await look(query, state, poll, configuration);
  if (seen === null) return { state, notices: [] };
  const { view, baseline } = seen;
  const counts = await countRefreshes(query, watch.providers, baseline.ledgerId);
  const before = state.progress ?? beginProgress(watch, baseline);
  const { sample, progress: advanced } = advance(before, watch, baseline, {
    slot,
    view,
    refreshes: Object.fromEntries(
      watch.providers.map((name) => [name, refreshTotals(name, counts)]),
    ),
    configuration: configuration.fingerprint,
  });
  const proving = prove(watch, advanced, view.providers, nowMs);
  if (proving.wanted.length > 0) {
    await askForRefreshes(query, proving.wanted, `watch ${String(watch.id)}`);
  }
  const untold: WatchState = { ...state, baseline, progress: proving.progress };
  const checkpoint = checkpointNotice(untold, nowMs);
  const checkpointsTold = checkpointsPassed(untold, nowMs);
  const progress = { ...proving.progress, checkpointsTold };
  await saveSample(query, watch.id, { slot, atMs: nowMs, sample }, progress);

  const after: WatchState = { ...state, baseline, progress };
  if (judge(after, nowMs).verdict !== 'RUNNING') return finish(query, after, nowMs, []);
  return { state: after, notices: checkpoint === null ? [] : [checkpoint] };
}

/** What the poll saw, and the baseline to compare it with, if need be taken now; null: not yet. */
async function look(
  query: Query,
  { watch, baseline }: WatchState,
  { assessment, previous, cron, nowMs }: OfferedPoll,
  { providers, fingerprint }: WatchedConfiguration,
): Promise<{ readonly view: PollView; readonly baseline: WatchBaseline } | null> {
  const watched = watch.providers.map(
    (name): WatchedProvider =>
      providers.find((each) => each.name === name) ?? { name, overdueAfterMs: null },
  );
  const viewWith = (troubles: Awaited<ReturnType<typeof readTroubles>>) =>
    viewPoll(assessment, previous, watched, { atMs: nowMs, troubles, cron });
  if (baseline !== null) {
    const troubles = await readTroubles(query, watch.providers, baseline.ledgerId);
    return { view: viewWith(troubles), baseline };
  }
  const view = viewWith([]);
  const taken = takeBaseline(watch, view, await readNewestLedgerId(query), fingerprint);
  if (!taken.ok) {
    await saveWaiting(query, watch.id, taken.because);
    return null;
  }
  await saveBaseline(query, watch.id, taken.baseline);
  return { view, baseline: taken.baseline };
}

async function finish(
  query: Query,
  state: WatchState,
  nowMs: number,
  notices: readonly WatchNotice[],
): Promise<Sampled> {
  await endWatch(query, state, nowMs);
  const atMs = Math.min(nowMs, state.watch.deadlineAtMs);
  return { state, notices: [...notices, endNotice(state, atMs)] };
}
