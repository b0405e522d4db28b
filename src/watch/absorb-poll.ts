import type { Assessment } from '../assess/assess.js';
import type { SeenCron } from '../assess/cron-trouble.js';
import { advance } from './advance.js';
import { takeBaseline } from './baseline.js';
import type { WatchBaseline } from './baseline.js';
import { checkpointNotice, checkpointsPassed } from './checkpoints.js';
import type { WatchNotice } from './checkpoints.js';
import type { OutboxBacklog } from '../store/outbox-backlog.js';
import type { TroubleLine } from '../store/watch-ledger.js';
import { nextSlot } from './coverage.js';
import { countJobRuns, failedSince } from './job-runs.js';
import type { WatchState } from './judge.js';
import { viewPoll } from './poll-view.js';
import type { WatchedProvider } from './poll-view.js';
import { beginProgress } from './progress.js';
import { prove } from './prove.js';
import type { Proving } from './prove.js';
import { refreshTotals } from './refresh-totals.js';
import type { LedgerCount } from './refresh-totals.js';
import type { StabilityWatch } from './stability-watch.js';
import type { KeptSample } from './watch-sample.js';

/** A poll, as it is offered to a watch. */
export interface OfferedPoll {
  readonly nowMs: number;
  readonly assessment: Assessment;
  /** What was known before it: tells what it read from what it only remembers. */
  readonly previous: Assessment;
  /** null: nothing is known of scheduled jobs. */
  readonly cron: SeenCron | null;
}

/** What the ledger holds since the baseline. */
export interface LedgerFacts {
  readonly newestId: number;
  readonly counts: readonly LedgerCount[];
  readonly troubles: readonly TroubleLine[];
}

/** What the exporter's own memory says beside a poll. */
export interface RememberedFacts {
  readonly ledger: LedgerFacts;
  /** null: messages go nowhere but to the log. */
  readonly outbox: OutboxBacklog | null;
}

/** What of the configuration a watch works with. */
export interface WatchedConfiguration {
  readonly providers: readonly WatchedProvider[];
  /** Whether messages to people go through the outbox. */
  readonly usesOutbox: boolean;
  /** Tells one configuration from another. */
  readonly fingerprint: string;
}

export type Absorbed =
  /** Its interval has a sample already, or the watch did not run yet. */
  | { readonly kind: 'ignored' }
  /** The time of the watch was over when the poll came. */
  | { readonly kind: 'over' }
  /** There is no baseline yet, and this poll can't be it. */
  | { readonly kind: 'waiting'; readonly because: string }
  | {
      readonly kind: 'sampled';
      readonly state: WatchState;
      readonly sample: KeptSample;
      /** This poll became the baseline. */
      readonly newBaseline: WatchBaseline | null;
      /** Tokens to refresh on purpose. */
      readonly wanted: Proving['wanted'];
      readonly checkpoint: WatchNotice | null;
    };

/** Takes one poll into a watch: at most one per interval, and none after its end. */
export function absorbPoll(
  state: WatchState,
  poll: OfferedPoll,
  { ledger, outbox }: RememberedFacts,
  configuration: WatchedConfiguration,
): Absorbed {
  const { watch } = state;
  const { nowMs } = poll;
  if (nowMs < watch.startedAtMs) return { kind: 'ignored' };
  if (nowMs > watch.deadlineAtMs) return { kind: 'over' };
  const slot = nextSlot(watch, nowMs, state.progress?.last ?? null);
  if (slot === null) return { kind: 'ignored' };

  const runsBefore = state.progress?.jobRuns ?? {};
  const jobRuns = countJobRuns(runsBefore, poll.cron, nowMs);
  const view = viewPoll(poll.assessment, poll.previous, watched(watch, configuration), {
    atMs: nowMs,
    troubles: ledger.troubles,
    cron: poll.cron,
    failedRuns: failedSince(runsBefore, jobRuns),
    outbox,
  });
  const taken =
    state.baseline === null
      ? takeBaseline(watch, view, ledger.newestId, configuration.fingerprint)
      : { ok: true as const, baseline: state.baseline };
  if (!taken.ok) return { kind: 'waiting', because: taken.because };

  const { baseline } = taken;
  const before = state.progress ?? beginProgress(watch, baseline);
  const { sample, progress } = advance(before, watch, baseline, {
    slot,
    view,
    refreshes: Object.fromEntries(
      watch.providers.map((name) => [name, refreshTotals(name, ledger.counts)]),
    ),
    jobRuns,
    configuration: configuration.fingerprint,
  });
  const proving = prove(watch, progress, view.providers, nowMs);
  const untold: WatchState = { ...state, baseline, progress: proving.progress };
  const checkpointsTold = checkpointsPassed(untold, nowMs);
  return {
    kind: 'sampled',
    state: { ...untold, progress: { ...proving.progress, checkpointsTold } },
    sample: { slot, atMs: nowMs, sample },
    newBaseline: state.baseline === null ? baseline : null,
    wanted: proving.wanted,
    checkpoint: checkpointNotice(untold, nowMs),
  };
}

/** A provider that is no longer configured is watched all the same: nothing is seen of it. */
function watched(
  { providers }: StabilityWatch,
  configuration: WatchedConfiguration,
): WatchedProvider[] {
  return providers.map(
    (name) =>
      configuration.providers.find((each) => each.name === name) ?? {
        name,
        overdueAfterMs: null,
        silentAfterMs: null,
      },
  );
}
