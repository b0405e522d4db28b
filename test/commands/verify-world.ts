import { verify } from '../../src/commands/verify.js';
import type { VerifyOptions } from '../../src/commands/verify.js';
import { migrate } from '../../src/store/migrate.js';
import { referenceSchema } from '../observe/poller.js';
import { addJob, addRuns, createCronTables, dropCronTables } from '../observe/cron-tables.js';
import { emptySchema } from '../observe/reference-rows.js';
import { openTestPool } from '../support/postgres.js';
import type { TestDatabase } from '../support/postgres.js';
import { capture } from './captured-command.js';
import type { Captured } from './captured-command.js';

/** Users of the healthy world, with the id of their token. */
export const ada = '00000000-0000-0000-0000-0000000000aa';
export const bob = '00000000-0000-0000-0000-0000000000bb';

const rows = `
INSERT INTO fathom_integrations (id, user_id, access_token, refresh_token, token_expires_at,
  fathom_user_email, last_sync_at, created_at)
SELECT user_id, user_id, 'planted-access', 'planted-refresh', now() + interval '20 hours',
       'planted-' || n || '@example.com', now() - interval '1 hour', now() - interval '90 days'
FROM unnest(ARRAY['${ada}', '${bob}']::uuid[]) WITH ORDINALITY AS users (user_id, n);
INSERT INTO cron_job_logs (job_name, user_id, status, created_at)
VALUES ('fathom_hourly_sync', NULL, 'success', now() - interval '1 hour');
INSERT INTO meetings (owner_user_id, created_at, meeting_end)
SELECT '${ada}', now() - n * interval '50 minutes', now() - n * interval '50 minutes' - interval '3 minutes'
FROM generate_series(1, 6) AS n`;

/** Empties the database, then fills it as an application does that is well; its memory is there, and empty. */
export async function loadHealthyWorld(database: TestDatabase): Promise<void> {
  await emptySchema(database);
  await dropCronTables(database);
  await database.query(
    `DROP SCHEMA IF EXISTS oauth_token_exporter CASCADE; ${referenceSchema}; ${rows}`,
  );
  await createCronTables(database);
  await addJob(database, 1, 'fathom-hourly', '* * * * *');
  await addRuns(database, { minutesAgo: 2 }, { minutesAgo: 1 });
  const pool = openTestPool(database.url, 1);
  await migrate(pool);
  await pool.end();
}

/** Remembers a token, as a poll or a refresh of ours left it: `dead_since = now()`. */
export async function remember(
  database: TestDatabase,
  tokenId: string,
  columns: string,
): Promise<void> {
  await database.query(
    `INSERT INTO oauth_token_exporter.tokens (provider, token_id, subject, first_seen_at, active)
     SELECT 'fathom', id::text, user_id::text, now() - interval '10 days', is_active
     FROM fathom_integrations WHERE id = '${tokenId}' ON CONFLICT DO NOTHING;
     UPDATE oauth_token_exporter.tokens SET ${columns} WHERE token_id = '${tokenId}'`,
  );
}

/** Writes a line of the ledger, so long ago. */
export async function addLedger(
  database: TestDatabase,
  tokenId: string,
  event: string,
  ago: string,
): Promise<void> {
  await database.query(
    `INSERT INTO oauth_token_exporter.ledger (at, provider, token_id, event, actor)
     VALUES (now() - $3::interval, 'fathom', $1, $2, 'poll')`,
    [tokenId, event, ago],
  );
}

/** What `verify` says in JSON. */
export interface Verified {
  readonly verdict: string;
  readonly next_step: string;
  readonly checks: readonly {
    readonly check: string;
    readonly provider: string | null;
    readonly verdict: string;
    readonly evidence: readonly string[];
    readonly next_step: string | null;
  }[];
}

const nothingAsked: VerifyOptions = {
  provider: null,
  since: null,
  syncUser: null,
  yes: false,
  json: false,
  actor: 'ada',
  reason: null,
};

/** Runs `verify` in this process. */
export function runVerify(
  env: NodeJS.ProcessEnv,
  options: Partial<VerifyOptions> = {},
): Promise<Captured> {
  return capture(env, (context) => verify(context, { ...nothingAsked, ...options }));
}

/** Runs it, and answers with its exit code, its verdict, and those of the checks by their names. */
export async function verdicts(env: NodeJS.ProcessEnv, options: Partial<VerifyOptions> = {}) {
  const { code, stdout, stderr } = await runVerify(env, { ...options, json: true });
  const verified = JSON.parse(stdout) as Verified;
  const of = (name: string) => verified.checks.find(({ check }) => check === name);
  return {
    code,
    stderr,
    verdict: verified.verdict,
    nextStep: verified.next_step,
    checks: Object.fromEntries(verified.checks.map(({ check, verdict }) => [check, verdict])),
    evidence: (name: string) => (of(name)?.evidence ?? []).join('; '),
    next: (name: string) => of(name)?.next_step ?? null,
  };
}

/** What the healthy world gets. */
export const healthy = {
  token_statuses: 'pass',
  reconnections: 'pass',
  syncs: 'pass',
  sync_of_one_user: 'not_configured',
  cron_jobs: 'pass',
  job_log: 'pass',
  webhooks: 'pass',
};
