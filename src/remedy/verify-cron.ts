import type { CronAssessment } from '../assess/cron.js';
import type { CronJob } from '../assess/cron-job.js';
import { cronTroubles } from '../assess/cron-trouble.js';
import { matches } from '../assess/too-seldom.js';
import type { CronConfig, ProviderJobs } from '../config/jobs-config.js';
import { formatDistance } from '../config/format-distance.js';
import type { CronObservation } from '../observe/cron.js';
import {
  fails,
  isUnknown,
  judgeFindings,
  nameSome,
  notConfigured,
  notes as note,
  passes,
} from './verify-check.js';
import type { VerifyCheck, VerifyFinding } from './verify-check.js';

export interface CronFacts {
  /** null: jobs are not watched. */
  readonly config: CronConfig | null;
  readonly observed: CronObservation | null;
  readonly assessed: Pick<CronAssessment, 'jobs'> | null;
  /** How many jobs are remembered from before. */
  readonly rememberedJobs: number;
  /** Jobs that keep tokens in use, as providers name them. */
  readonly providers: readonly { readonly name: string; readonly jobs: ProviderJobs | null }[];
  readonly nowMs: number;
}

/** Judges the scheduled jobs: each one that is on must have succeeded, last, and in time. */
export function verifyCronJobs(facts: CronFacts): VerifyCheck {
  const { config, observed, assessed, rememberedJobs } = facts;
  if (config === null || observed === null) {
    return notConfigured('cron_jobs', null, 'cron is null: jobs are not watched');
  }
  const { jobs } = observed;
  if (!jobs.known && jobs.state === 'missing' && config.jobs.length === 0 && rememberedJobs === 0) {
    const why = 'pg_cron is not in this database, and cron.jobs names no job';
    return notConfigured('cron_jobs', null, why);
  }
  return judgeFindings('cron_jobs', null, [
    ...findUnseen(facts, observed),
    ...(jobs.known ? findJobs(facts, observed, assessed?.jobs ?? []) : []),
  ]);
}

/** What hides: other users' jobs, the runs, or the answers to the requests that jobs send. */
function findUnseen(
  { config }: CronFacts,
  { jobs, runs, responses }: CronObservation,
): VerifyFinding[] {
  if (!jobs.known) return [isUnknown(jobs.reason, jobs.remedy)];
  const isHidden = !jobs.value.complete && (config?.jobs.length ?? 0) === 0;
  const isCalling = jobs.value.jobs.some(({ active, callsHttp }) => active && callsHttp);
  return [
    ...(isHidden
      ? [
          isUnknown(
            'row-level security may hide jobs of other users',
            'read it as their owner, or name the jobs in cron.jobs',
          ),
        ]
      : []),
    ...(runs.known ? [] : [isUnknown(runs.reason, runs.remedy)]),
    ...(responses.known || !isCalling
      ? []
      : [
          isUnknown(
            `what came of the jobs' requests can't be seen: ${responses.reason}`,
            responses.remedy,
          ),
        ]),
  ];
}

function findJobs(
  { config, providers, nowMs }: CronFacts,
  observed: CronObservation,
  jobs: readonly CronJob[],
): VerifyFinding[] {
  const troubles = cronTroubles({ jobs, logs: new Map() });
  const troubled = new Set(troubles.map(({ job }) => job));
  const on = jobs.filter(({ active, name }) => active && !troubled.has(name));
  const off = jobs.filter(({ active, name }) => !active && !troubled.has(name));
  const doubts = new Map(on.map((job) => [job, doubtOf(job, observed)]));
  const fine = on.filter((job) => doubts.get(job) === null);
  const unmatched = providers.filter(
    (each) => (each.jobs?.names.length ?? 0) > 0 && !jobs.some((job) => uses(each.jobs, job)),
  );
  return [
    ...troubles.map(({ job, kind, evidence }) => fails(`${job}: ${evidence}`, cronAnchors[kind])),
    ...on.flatMap((job) => {
      const doubt = doubts.get(job) ?? null;
      return doubt === null ? [] : [isUnknown(`${nameSome([job.name])}: ${doubt}`, 'doctor')];
    }),
    ...unmatched.map(({ name, jobs: wanted }) =>
      isUnknown(
        `no job is on that uses the tokens of ${name} (${nameSome(wanted?.names ?? [])})`,
        'schedule it, or correct jobs.names of the provider',
      ),
    ),
    ...(fine.length > 0 ? [passes(inTime(fine, nowMs))] : []),
    ...(off.length === 0 ? [] : [note(`${namesOf(off)} off, and never seen on`)]),
    ...((config?.jobs.length ?? 0) > 0 ? [] : [note('cron.jobs names none that must be there')]),
  ];
}

/** Why it can't be said that a job without trouble does its work; null: it can. */
function doubtOf(job: CronJob, { jobs, runs, responses }: CronObservation): string | null {
  const row = jobs.known ? jobs.value.jobs.find(({ name }) => name === job.name) : undefined;
  if (row === undefined || !runs.known) return "its runs can't be seen";
  if (!runs.value.runs.some(({ jobId }) => jobId === row.jobId)) {
    return runs.value.complete ? 'it has not run yet' : "its runs can't be seen";
  }
  if (job.lastSuccessAtMs === null) return 'no success of it is recorded';
  if (!job.isScheduleKnown) return `when "${job.schedule ?? ''}" is due can't be told`;
  if (!row.callsHttp || !responses.known) return null;
  // That a run queued a request says nothing of the answer.
  const isAnswered = responses.value.some((each) => each.jobId === row.jobId && each.succeeded > 0);
  return isAnswered ? null : 'no answer to its requests is recorded';
}

function namesOf(jobs: readonly CronJob[]): string {
  return nameSome(jobs.map(({ name }) => name));
}

/** Where the runbook goes on, by what is wrong with a job. */
export const cronAnchors = {
  failed: 'docs/runbook.md#oauthcronjobfailing',
  missed: 'docs/runbook.md#oauthcronjoboverdue',
  inactive: 'docs/runbook.md#oauthcronjobgone',
} as const;

function uses(jobs: ProviderJobs | null, { name, active }: CronJob): boolean {
  return active && (jobs?.names ?? []).some((pattern) => matches(pattern, name));
}

function inTime(jobs: readonly CronJob[], nowMs: number): string {
  const oldestMs = Math.min(...jobs.map(({ lastSuccessAtMs }) => lastSuccessAtMs ?? nowMs));
  return `${namesOf(jobs)}: on time, the last success ${formatDistance(nowMs - oldestMs)} ago${jobs.length > 1 ? ' at most' : ''}`;
}
