import { Cron } from 'croner';
import { z } from 'zod';
import { syncFailureReasons } from './sync-config.js';
import type { SubjectTable, SyncEvidence } from './config.js';
import type { FailurePattern, FailureTable, RunLog, StoredItems } from './sync-config.js';
import {
  column,
  concurrency,
  duration,
  isTimeZone,
  name,
  optional,
  table,
  texts,
  values,
} from './schema-parts.js';
import { endpointUrl } from './safe-url.js';
import { strictMap } from './strict-map.js';
import { defaultThresholds } from './thresholds.js';

const where = z.record(name, values).default({});
const subjectColumns = { table, subject: name, at: name, where, optional };

const subjectTable = strictMap(subjectColumns).transform(({ table, ...rest }): SubjectTable => ({
  ...table,
  ...rest,
}));

const syncEvidence = z.union([
  strictMap({ column }).transform(({ column }): SyncEvidence => ({ kind: 'column', column })),
  subjectTable.transform((table): SyncEvidence => ({ kind: 'table', ...table })),
]);

const failureTable = strictMap({
  ...subjectColumns,
  message: z.array(name).default([]),
}).transform(({ table, ...rest }): FailureTable => ({ ...table, ...rest }));

const pattern = z.string().transform((text, context): RegExp => {
  try {
    return new RegExp(text, 'i');
  } catch (error) {
    context.addIssue(`is no regular expression: ${(error as Error).message}`);
    return z.NEVER;
  }
});

const failurePattern = strictMap({
  match: pattern,
  reason: z.enum(syncFailureReasons, `must be one of ${syncFailureReasons.join(', ')}`),
}).transform(({ match, reason }): FailurePattern => ({ pattern: match, reason }));

const runLog = strictMap({
  table,
  at: name,
  where,
  outcome: name,
  succeeded: values,
  failed: values,
  errors: name.nullable().default(null),
  optional,
}).transform(({ table, ...rest }): RunLog => ({ ...table, ...rest }));

const storedItems = strictMap({ table, at: name, where, optional }).transform(
  ({ table, ...rest }): StoredItems => ({ ...table, ...rest }),
);

const schedule = strictMap({
  cron: z.string(),
  time_zone: z.string().default('UTC'),
  grace: duration.prefault('30m'),
}).superRefine(({ cron, time_zone }, context) => {
  const problem = scheduleProblem(cron, time_zone);
  if (problem !== null) context.addIssue({ code: 'custom', ...problem });
});

/** A schedule is good when it says when it was last due, seen from any day. */
function scheduleProblem(
  cron: string,
  timeZone: string,
): { path: string[]; message: string } | null {
  if (!isTimeZone(timeZone)) {
    return {
      path: ['time_zone'],
      message: `${JSON.stringify(timeZone)} is no time zone: write an IANA name such as Europe/Berlin`,
    };
  }
  const message = `${JSON.stringify(cron)} is no schedule: write five fields, such as 0 8-15 * * 1-5`;
  try {
    const parsed = new Cron(cron, { timezone: timeZone, mode: '5-part' });
    const [last] = parsed.previousRuns(1, new Date(0));
    return last === undefined ? { path: ['cron'], message } : null;
  } catch {
    return { path: ['cron'], message };
  }
}

/** Where the syncs of a provider show, and how one is asked for. */
export const syncsSchema = strictMap({
  last_success: z.array(syncEvidence).min(1, 'must list at least one sign of a successful sync'),
  running: subjectTable.nullable().default(null),
  failures: z.array(failureTable).default([]),
  failure_reasons: z.array(failurePattern).default([]),
  runs: z.array(runLog).default([]),
  stored: storedItems.nullable().default(null),
  stuck_after: duration.prefault(defaultThresholds.stuck_after),
  overdue_after: duration.prefault(defaultThresholds.overdue_after),
  schedule: schedule.nullable().default(null),
  endpoint: strictMap({
    url: endpointUrl,
    headers: texts,
    body: z.string().default('{}'),
    concurrency: concurrency.default(2),
  })
    .nullable()
    .default(null),
  retry_after_repair: z.boolean().default(true),
});
