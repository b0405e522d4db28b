import type { Assessment } from './assess.js';
import type { CronAssessment } from './cron.js';
import { describeCronProblem, describeMissed } from './cron-problem.js';
import type { CronProblem, CronProblemReason } from './cron-problem.js';
import { parseCronSchedule } from './cron-schedule.js';
import type { CronSchedule } from './cron-schedule.js';
import type { RunOutcome } from '../store/cron-knowledge.js';

/** A scheduled job whose work is not done, and how that shows. */
export interface CronTrouble {
  readonly job: string;
  readonly kind: 'failed' | 'missed' | 'inactive';
  /** Without instants, so that it stays the same while nothing changes. From data in part. */
  readonly evidence: string;
}

/** A scheduled job, as one poll saw it: its schedule, and how many of its runs have ended so far. */
export interface SeenJob {
  readonly name: string;
  /** null: it does not run, or nobody can tell when it is to run. */
  readonly schedule: CronSchedule | null;
  readonly ended: Readonly<Record<RunOutcome, number>>;
}

/** The scheduled jobs, as one poll saw them. */
export interface SeenCron {
  readonly troubles: readonly CronTrouble[];
  /** Empty where runs are counted by this process alone: replicas would not agree. */
  readonly jobs: readonly SeenJob[];
}

/** What this poll saw of the jobs; null where it could not see jobs and runs itself. */
export function seenCron({ cron, sources }: Assessment): SeenCron | null {
  if (cron === null || !sawCronJobs({ sources })) return null;
  const counted = cron.origin === 'memory' ? cron.jobs : [];
  return {
    troubles: cronTroubles(cron),
    jobs: counted.flatMap(({ name, schedule, active }) => {
      const ended = cron.knowledge.totals.get(name);
      if (ended === undefined) return [];
      const runs = active && schedule !== null;
      return [{ name, schedule: runs ? parseCronSchedule(schedule, cron.timeZone) : null, ended }];
    }),
  };
}

/** Whether this very poll read the jobs and their runs. */
export function sawCronJobs({ sources }: Pick<Assessment, 'sources'>): boolean {
  return ['cron:jobs', 'cron:runs'].every((name) => sources.get(name)?.up === true);
}

/**
 * What is wrong with the jobs now, at most one of each kind for a job, including what a job wrote of
 * itself. That a schedule is too seldom is how it is set up, and so no trouble of a run.
 */
export function cronTroubles({ jobs, logs }: Pick<CronAssessment, 'jobs' | 'logs'>): CronTrouble[] {
  const troubles = [
    ...jobs.flatMap(({ name, missed, problems }) => [
      ...(missed === null
        ? []
        : [{ job: name, kind: 'missed' as const, evidence: describeMissed(missed) }]),
      ...problems.flatMap((problem) => troubleOf(name, problem)),
    ]),
    ...[...logs.values()]
      .flat()
      .flatMap(({ name, problems }) => problems.flatMap((problem) => troubleOf(name, problem))),
  ];
  const merged = new Map<string, CronTrouble>();
  for (const trouble of troubles) {
    const key = JSON.stringify([trouble.job, trouble.kind]);
    const first = merged.get(key);
    const evidence =
      first === undefined ? trouble.evidence : `${first.evidence}; ${trouble.evidence}`;
    merged.set(key, { ...trouble, evidence });
  }
  return [...merged.values()];
}

const kinds = {
  vanished: 'inactive',
  inactive: 'inactive',
  failing: 'failed',
  hanging: 'failed',
  http_failing: 'failed',
  misconfigured: 'failed',
  too_seldom: null,
} as const satisfies Record<CronProblemReason, CronTrouble['kind'] | null>;

function troubleOf(job: string, problem: CronProblem): CronTrouble[] {
  const kind = kinds[problem.reason];
  return kind === null ? [] : [{ job, kind, evidence: describeCronProblem(problem) }];
}
