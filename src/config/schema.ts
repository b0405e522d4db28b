import { X509Certificate } from 'node:crypto';
import { z } from 'zod';
import { clientAuthentications, logLevels, refreshModes } from './config.js';
import type {
  ArrivalTable,
  ColumnRef,
  CronConfig,
  EventTable,
  JobLog,
  JoinedTable,
  RateLimit,
  SubjectTable,
  SyncEvidence,
  TableName,
} from './config.js';
import { isDatabaseUrl } from './database-url.js';
import { durationForm, isDuration, toMs } from './duration.js';
import { environmentVariables, type EnvironmentName } from './environment.js';
import { parseListenAddress } from './listen-address.js';
import { quote, suggestion } from './problem.js';

/** A map with exactly these keys. Each unknown key is a problem of its own, at its own path. */
function strictMap<Shape extends z.ZodRawShape>(shape: Shape) {
  const unknownKey = z.custom<never>(() => false, {
    error: (issue) => unknownKeyMessage(String(issue.path?.at(-1)), Object.keys(shape)),
  });
  // No value passes `unknownKey`, so to the types it is a strict object.
  return z.object(shape).catchall(unknownKey) as unknown as z.ZodObject<Shape, z.core.$strict>;
}

function unknownKeyMessage(key: string, known: readonly string[]): string {
  const variable = key.toUpperCase();
  return Object.hasOwn(environmentVariables, variable)
    ? `is read from the environment only: set ${variable} there`
    : `unknown key, ${suggestion(key, known)}`;
}

/** Text that `read` understands, which is `form`; `read` answers null for what it does not. */
function textAs<Value>(read: (text: string) => Value | null, form: string) {
  const problem = (input: unknown) => `${quote(input)} is not ${form}`;
  return z
    .string({ error: ({ input }) => (input === undefined ? undefined : problem(input)) })
    .transform((text, context): Value => {
      const value = read(text);
      if (value !== null) return value;
      context.addIssue(problem(text));
      return z.NEVER;
    });
}

/** A name as Postgres has them, upper case and every alphabet included; never with a dot. */
const namePattern = /^[\p{L}_][\p{L}\p{N}_$-]{0,62}$/u;

const name = textAs((text) => (namePattern.test(text) ? text : null), 'a name');

/** Reads `name` or `qualifier.name`. */
function parseQualified(text: string): [name: string, qualifier: string | null] | null {
  const [first = '', second, ...more] = text.split('.');
  if (more.length > 0 || !namePattern.test(first)) return null;
  if (second === undefined) return [first, null];
  return namePattern.test(second) ? [second, first] : null;
}

const table = textAs((text): TableName | null => {
  const [table, schema] = parseQualified(text) ?? [];
  return table === undefined ? null : { schema: schema ?? 'public', table };
}, 'a table: write table or schema.table');

const column = textAs((text): ColumnRef | null => {
  const [column, join] = parseQualified(text) ?? [];
  return column === undefined ? null : { join: join ?? null, column };
}, 'a column: write column, or join.column for one of a joined table');

const optionalColumn = column.nullable().default(null);

/** In milliseconds. */
const duration = textAs(
  (text) => (isDuration(text) ? toMs(text) : null),
  `a duration: write ${durationForm}`,
);

const pollInterval = duration.refine(
  (interval) => interval >= toMs('1s') && interval <= toMs('1d'),
  'must be from 1s to 1d',
);

const listenAddress = textAs(
  parseListenAddress,
  'an address: write host:port, [ipv6]:port, or :port for every interface',
);

const logLevel = z.enum(logLevels, `must be one of ${logLevels.join(', ')}`);

const seriesLimit = 'must be a whole number from 0 to 1000000';
const tokenSeriesLimit = z.int(seriesLimit).min(0, seriesLimit).max(1_000_000, seriesLimit);

const databaseUrl = z
  .string()
  .refine(
    isDatabaseUrl,
    'must be a URL such as postgresql://user:password@host:5432/database, the special characters ' +
      'of user name and password percent-encoded (@ is %40, : is %3A, / is %2F, # is %23)',
  );

const journalKey = z
  .string()
  .refine(
    (text) => /^[A-Za-z0-9+/]{43}=$/.test(text),
    'must be 32 bytes in base64: openssl rand -base64 32',
  );

const certificates = z
  .string()
  .refine(isCertificate, 'holds no certificate (PEM: -----BEGIN CERTIFICATE-----)');

function isCertificate(pem: string): boolean {
  try {
    new X509Certificate(pem);
    return true;
  } catch {
    return false;
  }
}

const joinedTable = strictMap({
  table,
  on: z
    .record(name, name)
    .refine((on) => Object.keys(on).length > 0, 'must name at least one pair of columns'),
}).transform(({ table, on }): JoinedTable => ({ ...table, on }));

const subjectTable = strictMap({
  table,
  subject: name,
  at: name,
  where: z.record(name, z.array(z.string()).min(1, 'must list at least one value')).default({}),
  optional: z.boolean().default(false),
}).transform(({ table, ...rest }): SubjectTable => ({ ...table, ...rest }));

const syncEvidence = z.union([
  strictMap({ column }).transform(({ column }): SyncEvidence => ({ kind: 'column', column })),
  subjectTable.transform((table): SyncEvidence => ({ kind: 'table', ...table })),
]);

/** `60/min`, `5/s`. */
function parseRateLimit(text: string): RateLimit | null {
  const [, requests, unit] = /^([1-9]\d{0,5})\/(s|min)$/.exec(text) ?? [];
  if (requests === undefined) return null;
  return { requests: Number(requests), perMs: unit === 's' ? 1_000 : 60_000 };
}

/** A URL that a secret may be sent to: https, or http where it never leaves this machine. */
function isSafeUrl(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const { protocol, hostname } = new URL(text);
  const loopback = /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])$/.test(hostname);
  return protocol === 'https:' || (protocol === 'http:' && loopback);
}

const endpointUrl = z
  .string()
  .refine(isSafeUrl, 'must be an https URL (http is for loopback addresses only)');

const texts = z.record(z.string(), z.string()).default({});

const concurrency = 'must be a whole number from 1 to 64';

/** How tokens are refreshed; environment variables are already put into its texts. */
const refreshSchema = strictMap({
  mode: z.enum(refreshModes, `must be one of ${refreshModes.join(', ')}`).default('on'),
  token_endpoint: strictMap({
    url: endpointUrl,
    client_id: z.string(),
    client_secret: z.string().nullable().default(null),
    client_authentication: z
      .enum(clientAuthentications, `must be one of ${clientAuthentications.join(', ')}`)
      .default('client_secret_post'),
    parameters: texts,
    headers: texts,
    error_aliases: texts,
  })
    .nullable()
    .default(null),
  app_endpoint: strictMap({
    url: endpointUrl,
    headers: texts,
    body: z.string().nullable().default(null),
    per_row: z.boolean().default(false),
  })
    .nullable()
    .default(null),
  rate_limit: textAs(parseRateLimit, 'a rate: write N/s or N/min, such as 60/min').prefault(
    '60/min',
  ),
  concurrency: z.int(concurrency).min(1, concurrency).max(64, concurrency).default(3),
  invalid_grant_confirm_after: duration.prefault('60s'),
});

const conditions = z.record(name, z.array(z.string()).min(1, 'must list at least one value'));
const statuses = z.array(z.string()).min(1, 'must list at least one value');

const jobLog = strictMap({
  table,
  job: name,
  at: name,
  status: name,
  message: name,
  succeeded: statuses,
  failed: statuses,
  optional: z.boolean().default(false),
}).transform(({ table, ...rest }): JobLog => ({ ...table, ...rest }));

const arrivals = strictMap({
  table,
  received_at: name,
  event_at: z.array(name).default([]),
  where: conditions.default({}),
  except: conditions.default({}),
  optional: z.boolean().default(false),
}).transform(({ table, received_at, event_at, ...rest }): ArrivalTable => ({
  ...table,
  ...rest,
  receivedAt: received_at,
  eventAt: event_at,
}));

const events = strictMap({
  table,
  at: name,
  status: name,
  succeeded: statuses,
  failed: statuses,
  where: conditions.default({}),
  optional: z.boolean().default(false),
}).transform(({ table, ...rest }): EventTable => ({ ...table, ...rest }));

const jobName = z.string().min(1, 'must be the name of a job').max(63, 'is longer than a name');

const timeZone = textAs((text) => {
  try {
    new Intl.DateTimeFormat('en', { timeZone: text });
    return text;
  } catch {
    return null;
  }
}, 'a time zone: write a name such as Europe/Berlin');

/** `cron:` of the file. */
const cronSchema = strictMap({
  jobs: z.array(jobName).default([]),
  grace: duration.prefault('5m'),
  longest_run: duration.prefault('1h'),
  time_zone: timeZone.nullable().default(null),
}).transform(({ jobs, grace, longest_run, time_zone }): CronConfig => ({
  jobs,
  graceMs: grace,
  longestRunMs: longest_run,
  timeZone: time_zone,
}));

/** The thresholds of a provider that configures none. */
export const defaultThresholds = {
  expiring_soon: '7d',
  stuck_after: '10m',
  overdue_after: '72h',
} as const;

/** One provider, its preset already merged into it. */
export const providerSchema = strictMap({
  preset: z.string().optional(),
  table,
  joins: z.record(name, joinedTable).default({}),
  columns: strictMap({
    id: column,
    subject: column,
    account: optionalColumn,
    expires_at: optionalColumn,
    active: optionalColumn,
    access_token: optionalColumn,
    refresh_token: optionalColumn,
    has_refresh_token: optionalColumn,
    status: optionalColumn,
    created_at: optionalColumn,
  }),
  expiring_soon: duration.prefault(defaultThresholds.expiring_soon),
  declared_lifetime: duration.nullable().default(null),
  syncs: strictMap({
    last_success: z.array(syncEvidence).min(1, 'must list at least one sign of a successful sync'),
    running: subjectTable.nullable().default(null),
    stuck_after: duration.prefault(defaultThresholds.stuck_after),
    overdue_after: duration.prefault(defaultThresholds.overdue_after),
  })
    .nullable()
    .default(null),
  refresh: refreshSchema.nullable().default(null),
  jobs: strictMap({
    names: z.array(jobName).default([]),
    log: jobLog.nullable().default(null),
  })
    .nullable()
    .default(null),
  webhooks: strictMap({
    arrivals: arrivals.nullable().default(null),
    events: events.nullable().default(null),
    window: duration.prefault('24h'),
    silent_after: duration.nullable().default(null),
    delayed_after: duration.prefault('15m'),
  })
    .nullable()
    .default(null),
});

/** The YAML file. Its providers are validated one by one, each merged with its preset first. */
export const fileSchema = strictMap({
  listen_address: listenAddress.prefault(environmentVariables.LISTEN_ADDRESS.default),
  poll_interval: pollInterval.prefault(environmentVariables.POLL_INTERVAL.default),
  log_level: logLevel.default(environmentVariables.LOG_LEVEL.default),
  token_series_limit: tokenSeriesLimit.default(1000),
  providers: z.record(z.string(), z.unknown()).optional(),
  cron: cronSchema.nullable().prefault({}),
});

/** What the environment sets, by the names of the variables. */
export const environmentSchema = z.object({
  DATABASE_URL: databaseUrl,
  DATABASE_CA: certificates.optional(),
  LISTEN_ADDRESS: listenAddress.optional(),
  POLL_INTERVAL: pollInterval.optional(),
  LOG_LEVEL: logLevel.optional(),
  STATE_DATABASE_URL: databaseUrl.optional(),
  LEDGER_RETENTION: duration.prefault(environmentVariables.LEDGER_RETENTION.default),
  REFRESH_MODE: z.enum(refreshModes, `must be one of ${refreshModes.join(', ')}`).optional(),
  INVALID_GRANT_CONFIRM_AFTER: duration.optional(),
  JOURNAL_DIR: z.string().default(environmentVariables.JOURNAL_DIR.default),
  JOURNAL_KEY: journalKey.optional(),
  JOURNAL_KEYS_OLD: z
    .string()
    .transform((text) => text.split(',').map((key) => key.trim()))
    .pipe(z.array(journalKey))
    .default([]),
} satisfies Partial<Record<EnvironmentName, z.ZodType>>);
