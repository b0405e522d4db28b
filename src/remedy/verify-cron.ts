import type { CronAssessment } from '../assess/cron.js';
import type { CronJob } from '../assess/cron-job.js';
import type { LoggedJobAssessment } from '../assess/job-log.js';
import { cronTroubles } from '../assess/cron-trouble.js';
import { matches } from '../assess/too-seldom.js';
import type { CronConfig, ProviderJobs } from '../config/jobs-config.js';
import { formatDistance } from '../config/format-distance.js';
import type { CronObservation } from '../observe/cron.js';
import type { LoggedJob } from '../observe/job-log.js';
import type { Reading } from '../observe/reading.js';
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
  readonly assessed: Pick<CronAssessment, 'jobs' | 'knowledge'> | null;
  /** Jobs that keep tokens in use, as providers name them. */
  readonly providers: readonly { readonly name: string; readonly jobs: ProviderJobs | null }[];
  readonly nowMs: number;
}

/** Judges the scheduled jobs: each one that is on must have succeeded, last, and in time. */
export function verifyCronJobs(facts: CronFacts): VerifyCheck {
  const { config, observed, assessed } = facts;
  if (config === null || observed === null) {
    return notConfigured('cron_jobs', null, 'cron is null: jobs are not watched');
  }
  const wasThere = (assessed?.knowledge.jobs.size ?? 0) > 0;
  const { jobs } = observed;
  if (!jobs.known && jobs.state === 'missing' && config.jobs.length === 0 && !wasThere) {
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
  { runs }: CronObservation,
  jobs: readonly CronJob[],
): VerifyFinding[] {
  const troubles = cronTroubles({ jobs, logs: new Map() });
  const troubled = new Set(troubles.map(({ job }) => job));
  const judged = jobs.filter(({ active, name }) => active && !troubled.has(name));
  const off = jobs.filter(({ active, name }) => !active && !troubled.has(name));
  const neverSucceeded = judged.filter(({ lastSuccessAtMs }) => lastSuccessAtMs === null);
  const unclear = judged.filter((job) => !job.isScheduleKnown && !neverSucceeded.includes(job));
  const fine = judged.filter((job) => !neverSucceeded.includes(job) && !unclear.includes(job));
  const unmatched = providers.filter(
    (each) =>
      each.jobs !== null && each.jobs.names.length > 0 && !jobs.some((job) => uses(each.jobs, job)),
  );
  const names = (list: readonly CronJob[]) => nameSome(list.map(({ name }) => name));
  return [
    ...troubles.map(({ job, kind, evidence }) => fails(`${job}: ${evidence}`, anchors[kind])),
    ...(neverSucceeded.length === 0
      ? []
      : [
          isUnknown(
            `no success is recorded of ${names(neverSucceeded)}`,
            'wait for the next run, or run its command once by hand',
          ),
        ]),
    ...(unclear.length === 0
      ? []
      : [isUnknown(`when ${names(unclear)} should run can't be told`, 'doctor')]),
    ...unmatched.map(({ name, jobs: wanted }) =>
      isUnknown(
        `no job is on that uses the tokens of ${name} (${nameSome(wanted?.names ?? [])})`,
        'schedule it, or correct providers.<name>.jobs.names',
      ),
    ),
    ...(fine.length > 0 && runs.known ? [passes(inTime(fine, nowMs))] : []),
    ...(off.length === 0 ? [] : [note(`${names(off)} off, and never seen on`)]),
    ...((config?.jobs.length ?? 0) > 0 ? [] : [note('cron.jobs names none that must be there')]),
  ];
}

const anchors = {
  failed: 'docs/runbook.md#oauthcronjobfailing',
  missed: 'docs/runbook.md#oauthcronjoboverdue',
  inactive: 'docs/runbook.md#oauthcronjobgone',
} as const;

function uses(jobs: ProviderJobs | null, { name, active }: CronJob): boolean {
  return active && (jobs?.names ?? []).some((pattern) => matches(pattern, name));
}

function inTime(jobs: readonly CronJob[], nowMs: number): string {
  const oldestMs = Math.min(...jobs.map(({ lastSuccessAtMs }) => lastSuccessAtMs ?? nowMs));
  const names = nameSome(jobs.map(({ name }) => name));
  return `${names}: on time, the last success ${formatDistance(nowMs - oldestMs)} ago${jobs.length > 1 ? ' at most' : ''}`;
}

export interface JobLogFacts {
  readonly provider: string;
  readonly isOptional: boolean;
  /** null: none is configured. */
  readonly observed: Reading<readonly LoggedJob[]> | null;
  readonly assessed: readonly LoggedJobAssessment[];
  readonly nowMs: number;
}

/** Judges what the jobs of a provider wrote of themselves within the last day. */
export function verifyJobLog({
  provider,
  isOptional,
  observed,
  assessed,
  nowMs,
}: JobLogFacts): VerifyCheck {
  if (observed === null) return notConfigured('job_log', provider, 'jobs.log is not mapped');
  if (!observed.known) {
    return isOptional && observed.state === 'missing'
      ? notConfigured('job_log', provider, `${observed.reason}, and need not`)
      : judgeFindings('job_log', provider, [isUnknown(observed.reason, observed.remedy)]);
  }
  if (observed.value.length === 0) {
    const nothing = 'no job wrote anything within the last day';
    return judgeFindings('job_log', provider, [isUnknown(nothing, 'see that the job runs: doctor')]);
  }
  const troubles = cronTroubles({ jobs: [], logs: new Map([[provider, assessed]]) });
  const silent = observed.value.filter(
    ({ name, lastSuccessAtMs }) =>
      lastSuccessAtMs === null && !troubles.some(({ job }) => job === name),
  );
  return judgeFindings('job_log', provider, [
    ...troubles.map(({ job, evidence }) => fails(`${job}: ${evidence}`, anchors.failed)),
    ...(silent.length === 0
      ? []
      : [
          isUnknown(
            `no success of ${nameSome(silent.map(({ name }) => name))} within the last day`,
            "read the job's log",
          ),
        ]),
    ...observed.value.flatMap(({ name, lastSuccessAtMs }) =>
      lastSuccessAtMs === null
        ? []
        : [passes(`${name} wrote success ${formatDistance(nowMs - lastSuccessAtMs)} ago`)],
    ),
  ]);
}
