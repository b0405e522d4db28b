import { cronTroubles } from '../assess/cron-trouble.js';
import type { LoggedJobAssessment } from '../assess/job-log.js';
import { formatDistance } from '../config/format-distance.js';
import type { LoggedJob } from '../observe/job-log.js';
import type { Reading } from '../observe/reading.js';
import {
  fails,
  isUnknown,
  judgeFindings,
  nameSome,
  notConfigured,
  passes,
} from './verify-check.js';
import type { VerifyCheck } from './verify-check.js';
import { cronAnchors } from './verify-cron.js';

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
    return judgeFindings('job_log', provider, [
      isUnknown(nothing, 'see that the job runs: doctor'),
    ]);
  }
  const troubles = cronTroubles({ jobs: [], logs: new Map([[provider, assessed]]) });
  const silent = observed.value.filter(
    ({ name, lastSuccessAtMs }) =>
      lastSuccessAtMs === null && !troubles.some(({ job }) => job === name),
  );
  return judgeFindings('job_log', provider, [
    ...troubles.map(({ job, evidence }) => fails(`${job}: ${evidence}`, cronAnchors.failed)),
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
