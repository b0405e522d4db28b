import { z } from 'zod';
import { defaultDatabase } from './config.js';
import type { CronConfig, JobLog } from './jobs-config.js';
import { duration, isTimeZone, name, optional, table, textAs, values } from './schema-parts.js';
import { strictMap } from './strict-map.js';

const jobName = z.string().min(1, 'must be the name of a job').max(63, 'is longer than a name');

const jobLog = strictMap({
  table,
  job: name,
  at: name,
  status: name,
  message: name,
  succeeded: values,
  failed: values,
  optional,
}).transform(({ table, ...rest }): JobLog => ({ ...table, ...rest }));

/** The scheduled jobs that keep a provider's tokens in use. */
export const jobsSchema = strictMap({
  names: z.array(jobName).default([]),
  log: jobLog.nullable().default(null),
});

const timeZone = textAs(
  (text) => (isTimeZone(text) ? text : null),
  'a time zone: write a name such as Europe/Berlin',
);

/** `cron:` of the file. */
export const cronSchema = strictMap({
  database: z.string().default(defaultDatabase),
  jobs: z.array(jobName).default([]),
  grace: duration.prefault('5m'),
  longest_run: duration.prefault('1h'),
  time_zone: timeZone.nullable().default(null),
}).transform(({ database, jobs, grace, longest_run, time_zone }): CronConfig => ({
  database,
  jobs,
  graceMs: grace,
  longestRunMs: longest_run,
  timeZone: time_zone,
}));
