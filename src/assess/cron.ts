import type { CronConfig } from '../config/jobs-config.js';
import type { CronObservation } from '../observe/cron.js';
import type { SurroundingsObservation } from '../observe/surroundings.js';
import { judgeJob, vanishedJob } from './cron-job.js';
import type { CronJob, JobProvider } from './cron-job.js';
import { learnCron, nothingKnownOfCron } from './cron-knowledge.js';
import type { CronKnowledge } from '../store/cron-knowledge.js';
import { judgeResponses } from './http-outcome.js';
import { assessJobLog } from './job-log.js';
import type { LoggedJobAssessment } from './job-log.js';

/** The scheduled jobs, after a poll. What a poll could not see keeps its last known value. */
export interface CronAssessment {
  /** In the order of their names. */
  readonly jobs: readonly CronJob[];
  /** What the jobs of a provider wrote of themselves, by provider. */
  readonly logs: ReadonlyMap<string, readonly LoggedJobAssessment[]>;
  /** In which pg_cron reads the schedules. */
  readonly timeZone: string;
  readonly knowledge: CronKnowledge;
  /** `process`: nothing is remembered, and counting began with this process. */
  readonly origin: 'memory' | 'process';
}

/**
 * Judges the jobs at `now`, given what is remembered of them.
 *
 * Whether counting rests on the memory or on this process is decided at the first sight of the
 * jobs and stays so: totals that jump between the two would count runs twice.
 */
export function assessCron(
  { cron, providers: surroundings }: SurroundingsObservation,
  remembered: CronKnowledge | null,
  previous: CronAssessment | null,
  config: { readonly cron: CronConfig | null; readonly providers: readonly JobProvider[] },
  now: Date,
): CronAssessment | null {
  const logs = new Map(previous?.logs);
  for (const [provider, { jobLog }] of surroundings) {
    if (jobLog?.known) logs.set(provider, assessJobLog(jobLog.value));
  }
  const seen = cron?.jobs.known === true;
  if (cron === null || config.cron === null || (!seen && previous === null)) {
    return logs.size === 0 ? previous : { ...(previous ?? nothingAssessed), logs };
  }
  const isFirstSight = previous === null || previous.knowledge === nothingKnownOfCron;
  const origin = isFirstSight ? (remembered === null ? 'process' : 'memory') : previous.origin;
  const knowledge = chooseKnowledge(origin, cron, remembered, previous, now);
  const jobs = seen
    ? judgeJobs(cron, knowledge, previous, config.cron, config.providers, now)
    : null;
  return {
    jobs: jobs ?? previous?.jobs ?? [],
    logs,
    timeZone: cron.jobs.known ? cron.jobs.value.timeZone : (previous?.timeZone ?? defaultTimeZone),
    knowledge,
    origin,
  };
}

/** pg_cron's own default. */
const defaultTimeZone = 'GMT';

const nothingAssessed: CronAssessment = {
  jobs: [],
  logs: new Map(),
  timeZone: defaultTimeZone,
  knowledge: nothingKnownOfCron,
  origin: 'process',
};

function chooseKnowledge(
  origin: CronAssessment['origin'],
  cron: CronObservation,
  remembered: CronKnowledge | null,
  previous: CronAssessment | null,
  now: Date,
): CronKnowledge {
  const before = previous?.knowledge ?? nothingKnownOfCron;
  if (origin === 'process') return learnCron(before, cron, now);
  if (remembered !== null) return remembered;
  // The memory is away: jobs are judged on, the count waits for it.
  const { jobs } = learnCron(before, cron, now);
  return { ...before, jobs };
}

function judgeJobs(
  { jobs, runs, responses }: CronObservation,
  knowledge: CronKnowledge,
  previous: CronAssessment | null,
  config: CronConfig,
  providers: readonly JobProvider[],
  now: Date,
): CronJob[] {
  const list = jobs.known ? jobs.value : { jobs: [], timeZone: defaultTimeZone };
  const observedRuns = new Map(runs.known ? runs.value.runs.map((run) => [run.jobId, run]) : []);
  const http = judgeResponses(responses.known ? responses.value : [], now);
  const observed = new Map(list.jobs.map((job) => [job.name, job]));
  const names = new Set([...observed.keys(), ...config.jobs, ...knowledge.jobs.keys()]);
  return [...names].sort().flatMap((name) => {
    const job = observed.get(name);
    const known = knowledge.jobs.get(name);
    const isRequired = config.jobs.includes(name);
    if (config.jobs.length > 0 && !isRequired) return [];
    const before = previous?.jobs.find((each) => each.name === name);
    // A job that is hidden, not gone, is as it was.
    if (job === undefined && known?.goneAtMs === null) return before === undefined ? [] : [before];
    if (job === undefined || known === undefined) return [vanishedJob(name, known)];
    return [
      judgeJob(job, known, before, {
        config,
        now,
        isRequired,
        timeZone: list.timeZone,
        providers,
        runs: !runs.known ? 'unknown' : (observedRuns.get(job.jobId) ?? null),
        mayHideRuns: runs.known && !runs.value.complete,
        http: !responses.known ? 'unknown' : (http.get(job.jobId) ?? null),
      }),
    ];
  });
}
