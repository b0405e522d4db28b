import { X509Certificate } from 'node:crypto';
import { z } from 'zod';
import { backlogSchema } from './backlog-schema.js';
import { clientAuthentications, refreshModes } from './refresh-config.js';
import { defaultDatabase, logLevels } from './config.js';
import type { JoinedTable } from './config.js';
import type { RateLimit } from './refresh-config.js';
import { isDatabaseUrl } from './database-url.js';
import { databasesSchema } from './databases-schema.js';
import { toMs } from './duration.js';
import { environmentVariables, type EnvironmentName } from './environment.js';
import { cronSchema, jobsSchema } from './jobs-schema.js';
import { parseListenAddress } from './listen-address.js';
import { incidentsEnvironment, incidentsSchema } from './incidents-schema.js';
import { mailEnvironment, mailSchema, peopleTable } from './mail-schema.js';
import { notifyEnvironment, notifySchema } from './notify-schema.js';
import { endpointUrl } from './safe-url.js';
import { column, concurrency, duration, name, table, textAs, texts } from './schema-parts.js';
import { syncsSchema } from './syncs-schema.js';
import { defaultThresholds } from './thresholds.js';
import { strictMap } from './strict-map.js';
import { webhooksSchema } from './webhooks-schema.js';

const optionalColumn = column.nullable().default(null);

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

/** A URL that the driver can read. */
export const databaseUrl = z
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

/** PEM. */
export const certificates = z
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

/** `60/min`, `5/s`. */
function parseRateLimit(text: string): RateLimit | null {
  const [, requests, unit] = /^([1-9]\d{0,5})\/(s|min)$/.exec(text) ?? [];
  if (requests === undefined) return null;
  return { requests: Number(requests), perMs: unit === 's' ? 1_000 : 60_000 };
}

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
  concurrency: concurrency.default(3),
  invalid_grant_confirm_after: duration.prefault('60s'),
});

/** One provider, its preset already merged into it. */
export const providerSchema = strictMap({
  preset: z.string().optional(),
  database: z.string().default(defaultDatabase),
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
    updated_at: optionalColumn,
  }),
  expiring_soon: duration.prefault(defaultThresholds.expiring_soon),
  declared_lifetime: duration.nullable().default(null),
  syncs: syncsSchema.nullable().default(null),
  refresh: refreshSchema.nullable().default(null),
  people: peopleTable.nullable().default(null),
  jobs: jobsSchema.nullable().default(null),
  webhooks: webhooksSchema.nullable().default(null),
  backlog: backlogSchema.nullable().default(null),
});

/** The YAML file. Its providers are validated one by one, each merged with its preset first. */
export const fileSchema = strictMap({
  listen_address: listenAddress.prefault(environmentVariables.LISTEN_ADDRESS.default),
  poll_interval: pollInterval.prefault(environmentVariables.POLL_INTERVAL.default),
  log_level: logLevel.default(environmentVariables.LOG_LEVEL.default),
  token_series_limit: tokenSeriesLimit.default(1000),
  incidents: incidentsSchema.prefault({}),
  notify: notifySchema,
  databases: databasesSchema,
  providers: z.record(z.string(), z.unknown()).optional(),
  mail: mailSchema.nullable().default(null),
  cron: cronSchema.nullable().prefault({}),
});

/** What a header can carry, and nobody guesses. */
const bearerToken = z.string().min(16, 'must have at least 16 characters: openssl rand -hex 32');

/** Names of hosts as a `Host` header has them, but for the port. */
const hostNames = z
  .string()
  .transform((text) => text.split(',').map((name) => name.trim().toLowerCase()))
  .pipe(
    z.array(
      z
        .string()
        .regex(
          /^[a-z0-9_]([a-z0-9_.-]*[a-z0-9_])?$/,
          'must be names of hosts without scheme and port, separated by commas: tokens.example',
        ),
    ),
  );

/** What the environment sets, by the names of the variables. */
export const environmentSchema = z.object({
  DATABASE_URL: databaseUrl.optional(),
  DATABASE_CA: certificates.optional(),
  LISTEN_ADDRESS: listenAddress.optional(),
  POLL_INTERVAL: pollInterval.optional(),
  LOG_LEVEL: logLevel.optional(),
  STATE_DATABASE_URL: databaseUrl.optional(),
  LEDGER_RETENTION: duration.prefault(environmentVariables.LEDGER_RETENTION.default),
  REFRESH_MODE: z.enum(refreshModes, `must be one of ${refreshModes.join(', ')}`).optional(),
  INVALID_GRANT_CONFIRM_AFTER: duration.optional(),
  ...incidentsEnvironment,
  JOURNAL_DIR: z.string().default(environmentVariables.JOURNAL_DIR.default),
  JOURNAL_KEY: journalKey.optional(),
  JOURNAL_KEYS_OLD: z
    .string()
    .transform((text) => text.split(',').map((key) => key.trim()))
    .pipe(z.array(journalKey))
    .default([]),
  API_TOKEN: bearerToken.optional(),
  ADMIN_TOKEN: bearerToken.optional(),
  ADMIN_HOSTS: hostNames.default([]),
  ...notifyEnvironment,
  ...mailEnvironment,
} satisfies Partial<Record<EnvironmentName, z.ZodType>>);
