import type { CronConfig } from '../config/jobs-config.js';
import type { TableName } from '../config/config.js';
import type { Snapshot } from '../database/read-snapshot.js';
import type { Catalog } from './catalog.js';
import { jobTable, readJobs } from './cron-jobs.js';
import type { JobList, ObservedJob } from './cron-jobs.js';
import { readRuns, runTable } from './cron-runs.js';
import type { RunCursor } from '../store/cron-knowledge.js';
import type { ObservedRuns, RunObservation } from './cron-runs.js';
import { readResponses, responseTable } from './http-responses.js';
import type { ObservedResponses, ResponseWindow } from './http-responses.js';
import { readIsolated } from './read-isolated.js';
import type { Reading } from './reading.js';
import type { SourceObservation } from './source-observation.js';

/** What pg_cron says of its jobs, and pg_net of the requests that they sent. */
export interface CronObservation {
  readonly jobs: Reading<JobList>;
  readonly runs: Reading<RunObservation>;
  readonly responses: Reading<readonly ObservedResponses[]>;
  readonly sources: readonly SourceObservation[];
}

/** Names of the sources, in the order in which they are read. */
export const cronSources = {
  jobs: 'cron:jobs',
  runs: 'cron:runs',
  responses: 'cron:http_responses',
} as const;

/** Tables that watching jobs reads. */
export const cronTables: readonly TableName[] = [jobTable, runTable, responseTable];

/** The sources of cron jobs. Only named jobs must be there. */
export function configuredCronSources(
  config: CronConfig | null,
): { readonly name: string; readonly optional: boolean }[] {
  if (config === null) return [];
  const optional = config.jobs.length === 0;
  return [
    { name: cronSources.jobs, optional },
    { name: cronSources.runs, optional },
    { name: cronSources.responses, optional: true },
  ];
}

/** Reads jobs, runs and answers, each behind a SAVEPOINT. `cursor`: up to where runs are counted. */
export async function observeCron(
  { query, isolated }: Snapshot,
  catalog: Catalog,
  config: CronConfig,
  cursor: RunCursor | null,
  seenBefore: ReadonlySet<string>,
): Promise<CronObservation> {
  const jobs = await readIsolated(isolated, () => readJobs(query, catalog, config));
  const list = jobs.known ? jobs.value.jobs : [];
  const isFirstLook = !seenBefore.has(cronSources.runs);
  const jobIds = list.map(({ jobId }) => jobId);
  const runs = jobs.known
    ? await readIsolated(isolated, () => readRuns(query, catalog, jobIds, cursor, isFirstLook))
    : jobs;
  const windows = runs.known ? responseWindows(list, runs.value.runs) : [];
  const responses = await readIsolated(isolated, () => readResponses(query, catalog, windows));
  const readings = [jobs, runs, responses];
  const sources = configuredCronSources(config).map((source, index) => ({
    ...source,
    reading: readings[index] ?? jobs,
  }));
  return { jobs, runs, responses, sources };
}

/** How long after the start of a run an answer to its requests may come. */
const answeredWithinMs = 120_000;

/** The spans in which the answers to the last two runs of each job came in, until its next run. */
function responseWindows(
  jobs: readonly ObservedJob[],
  runs: readonly ObservedRuns[],
): ResponseWindow[] {
  const calling = new Set(jobs.filter(({ callsHttp }) => callsHttp).map(({ jobId }) => jobId));
  return runs
    .filter(({ jobId }) => calling.has(jobId))
    .flatMap(({ jobId, successStartsMs }) =>
      successStartsMs.map((fromMs, index) => {
        const nextRunMs = successStartsMs[index - 1] ?? Infinity;
        return { jobId, fromMs, toMs: Math.min(fromMs + answeredWithinMs, nextRunMs) };
      }),
    );
}
