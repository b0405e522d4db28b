import type { CronObservation } from '../observe/cron.js';
import type { RunCount } from '../observe/cron-runs.js';
import { runOutcomes } from '../store/cron-knowledge.js';
import type { CronKnowledge, KnownJob, RunCursor, RunOutcome } from '../store/cron-knowledge.js';

/** Before the first sight of any job. */
export const nothingKnownOfCron: CronKnowledge = {
  jobs: new Map(),
  cursor: null,
  totals: new Map(),
};

/** A job that somebody removed, or switched off, and that nobody named is left in peace after this. */
export const forgetAfterMs = 7 * 86_400_000;

/**
 * Takes over what a poll saw at `now`. What it could not see stays as it was.
 *
 * The count of runs is taken over only where it begins at the cursor that is known, so that of
 * several replicas that counted the same runs one is believed.
 */
export function learnCron(
  before: CronKnowledge,
  { jobs, runs }: Pick<CronObservation, 'jobs' | 'runs'>,
  now: Date,
): CronKnowledge {
  if (!jobs.known) return before;
  const nowMs = now.getTime();
  const known = new Map<string, KnownJob>();
  for (const job of jobs.value.jobs) {
    const seen = runs.known ? runs.value.runs.find(({ jobId }) => jobId === job.jobId) : undefined;
    const was = before.jobs.get(job.name);
    const lastRunAtMs = latest(was?.lastRunAtMs, seen?.lastRunAtMs);
    known.set(job.name, {
      name: job.name,
      schedule: job.schedule,
      scheduledSinceMs: scheduledSince(job.schedule, was, lastRunAtMs, nowMs),
      lastRunAtMs,
      lastSuccessAtMs: latest(was?.lastSuccessAtMs, seen?.lastSuccessAtMs),
      deactivatedAtMs: deactivatedAt(job.active, was, nowMs),
      active: job.active,
      goneAtMs: null,
    });
  }
  for (const job of before.jobs.values()) {
    if (known.has(job.name)) continue;
    const goneAtMs = job.goneAtMs ?? (jobs.value.complete ? nowMs : null);
    if (goneAtMs !== null && nowMs - goneAtMs > forgetAfterMs) continue;
    known.set(job.name, { ...job, goneAtMs });
  }
  if (!runs.known) return { ...before, jobs: known };
  const names = new Map(jobs.value.jobs.map(({ jobId, name }) => [jobId, name]));
  return { jobs: known, ...countRuns(before, runs.value.count, names) };
}

/** A new schedule is measured from when it was seen, or its past would be full of missed runs. */
function scheduledSince(
  schedule: string,
  was: KnownJob | undefined,
  lastRunAtMs: number | null,
  nowMs: number,
): number | null {
  if (was === undefined) return lastRunAtMs === null ? nowMs : null;
  return was.schedule === schedule && was.goneAtMs === null && was.active
    ? was.scheduledSinceMs
    : nowMs;
}

function deactivatedAt(active: boolean, was: KnownJob | undefined, nowMs: number): number | null {
  if (active || was === undefined) return null;
  return was.active ? nowMs : was.deactivatedAtMs;
}

function countRuns(
  { cursor, totals }: CronKnowledge,
  { from, to, counts }: RunCount,
  names: ReadonlyMap<number, string>,
): Pick<CronKnowledge, 'cursor' | 'totals'> {
  const next = new Map(totals);
  for (const name of names.values()) if (!next.has(name)) next.set(name, noRuns);
  if (cursor === null) return { cursor: to, totals: next };
  if (from === null || !isSame(from, cursor)) return { cursor, totals: next };
  for (const { jobId, outcome, runs } of counts) {
    const name = names.get(jobId);
    if (name === undefined) continue;
    const total = next.get(name) ?? noRuns;
    next.set(name, { ...total, [outcome]: total[outcome] + runs });
  }
  return { cursor: to, totals: next };
}

const noRuns = Object.fromEntries(runOutcomes.map((outcome) => [outcome, 0])) as Record<
  RunOutcome,
  number
>;

function isSame(a: RunCursor, b: RunCursor): boolean {
  return a.lastRunId === b.lastRunId && a.openRunIds.join() === b.openRunIds.join();
}

function latest(...instants: readonly (number | null | undefined)[]): number | null {
  const there = instants.filter((each) => each != null);
  return there.length === 0 ? null : Math.max(...there);
}
