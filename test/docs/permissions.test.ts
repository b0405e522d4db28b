import pg from 'pg';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { ArrivalTable, EventTable } from '../../src/config/jobs-config.js';
import type { ColumnRef, ProviderConfig, TableName } from '../../src/config/config.js';
import { loadWorld } from '../../src/demo/demo-world.js';
import { createPoller } from '../observe/poller.js';
import { createDatabase, describeOnEachServer, type TestDatabase } from '../support/postgres.js';
import { runCli } from '../support/process.js';
import { codeBlocks, readDocument, section } from './markdown.js';

const [permissions = ''] = codeBlocks(
  section(readDocument('README.md').text, '## Permissions'),
  'sql',
);
const role = 'token_reader';

interface Finding {
  readonly level: string;
  readonly subject: string;
}

describeOnEachServer("the README's permissions", (server) => {
  let database: TestDatabase;
  let reader: string;
  let url: string;
  beforeAll(async () => {
    database = await createDatabase(server);
    await loadWorld(database.url);
    // Roles belong to the whole server, so this one gets the name of its database.
    reader = `${role}_of_${database.name}`;
    const sql = permissions.replaceAll(role, reader);
    const [, password = ''] = /PASSWORD '([^']+)'/.exec(sql) ?? [];
    await database.query(sql);
    const readerUrl = new URL(database.url);
    readerUrl.username = reader;
    readerUrl.password = password;
    url = readerUrl.href;
  });
  afterAll(async () => {
    await database.query(`DROP OWNED BY ${reader}; DROP ROLE ${reader}`);
    await database.drop();
  });

  it('let a role poll everything that the preset reads', async () => {
    const poller = createPoller(url);
    const { complete, providers, sources } = await poller.poll();
    await poller.close();

    expect(complete).toBe(true);
    expect(providers.get('fathom')?.tokens?.total).toBe(60);
    expect(providers.get('fathom')?.syncs?.overdue).toBeGreaterThan(0);
    expect([...sources.values()].map(({ name, state, notes }) => [name, state, notes])).toEqual([
      ['fathom:tokens', 'ok', []],
      ['fathom:cron_job_logs', 'ok', []],
      ['fathom:fathom_sync_state', 'ok', []],
      // No server of these tests but one has pg_cron.
      ['cron:jobs', 'absent', []],
      ['cron:runs', 'absent', []],
      ['cron:http_responses', 'absent', []],
      ['fathom:job_log', 'ok', []],
      ['fathom:webhook_arrivals', 'ok', []],
      ['fathom:webhook_events', 'ok', []],
      ['fathom:stored', 'ok', []],
    ]);
  });

  it('let a role run status and doctor, and doctor misses nothing', async () => {
    const status = await runCli(['status', '--json'], { DATABASE_URL: url });
    expect(status).toMatchObject({ code: 0, stderr: '' });
    const { tokens } = JSON.parse(status.stdout) as { tokens: { account: string | null }[] };
    expect(tokens).toHaveLength(60);
    expect(tokens.filter(({ account }) => account === null)).toHaveLength(1);

    const doctor = await runCli(['doctor', '--json'], { DATABASE_URL: url });
    expect(doctor).toMatchObject({ code: 0, stderr: '' });
    const findings = JSON.parse(doctor.stdout) as Finding[];
    const complaints = findings.filter(
      ({ level, subject }) =>
        !['ok', 'hint', 'absent'].includes(level) &&
        // What is wrong with the jobs of the demo is no lack of permissions.
        !/^(configuration$|cron job )/.test(subject),
    );
    expect(complaints).toEqual([]);
  }, 120_000);

  it('allow the columns that the preset reads and no others', async () => {
    const allowed = await database.query<{ name: string }>(
      `SELECT table_schema || '.' || table_name || '.' || column_name AS name
       FROM information_schema.column_privileges
       WHERE grantee = $1 AND privilege_type = 'SELECT'`,
      [reader],
    );
    const poller = createPoller(url);
    await poller.close();
    const [provider] = poller.config.providers;
    expect(allowed.map(({ name }) => name).sort()).toEqual(columnsRead(provider!));
  });

  it.each([
    ['an access token', 'SELECT access_token FROM fathom_integrations'],
    ['a refresh token', 'SELECT refresh_token FROM fathom_integrations'],
    ['whether there is one', 'SELECT refresh_token IS NOT NULL FROM fathom_integrations'],
    ['a whole row', 'SELECT * FROM fathom_integrations'],
    ['what nobody needs of a log', 'SELECT id FROM cron_job_logs'],
    ['the title of a meeting', 'SELECT title FROM meetings'],
    ['what an event holds', 'SELECT payload FROM webhook_events'],
    ['another table', 'SELECT email FROM profiles'],
    ['a change', 'UPDATE fathom_integrations SET is_active = false'],
  ])('refuse %s', async (_, sql) => {
    const client = new pg.Client({ connectionString: url });
    await client.connect();
    try {
      // insufficient_privilege
      await expect(client.query(sql)).rejects.toMatchObject({ code: '42501' });
    } finally {
      await client.end();
    }
  });

  it('need their policies: without them status says which one helps', async () => {
    const policy = `${reader} ON public.fathom_integrations`;
    await database.query(`DROP POLICY ${policy}`);
    const status = await runCli(['status'], { DATABASE_URL: url });
    expect(status.code).toBe(3);
    const [remedy = ''] = /CREATE POLICY .*;/.exec(status.stderr) ?? [];
    await database.query(remedy);
    expect(await runCli(['status'], { DATABASE_URL: url })).toMatchObject({ code: 0, stderr: '' });
  }, 120_000);
});

/** Every column that a poll reads of a provider, as `schema.table.column`, in order. */
function columnsRead({ tokens, syncs, jobs, webhooks }: ProviderConfig): string[] {
  const { accessToken, refreshToken, hasRefreshToken, ...columns } = tokens.columns;
  const nameOf = ({ schema, table }: TableName, column: string) => `${schema}.${table}.${column}`;
  const own = (ref: ColumnRef | null) => (ref === null ? [] : [nameOf(tokens, ref.column)]);
  const secrets = [accessToken?.column, refreshToken?.column, hasRefreshToken];
  expect(secrets).toEqual(['access_token', 'refresh_token', null]);
  const evidence = [...(syncs?.lastSuccess ?? []), ...(syncs?.running ? [syncs.running] : [])];
  const names = [
    ...Object.values(columns).flatMap(own),
    ...evidence.flatMap((each) =>
      'column' in each
        ? own(each.column)
        : [each.subject, each.at, ...Object.keys(each.where)].map((name) => nameOf(each, name)),
    ),
    ...(syncs?.failures ?? []).flatMap((each) => each.message.map((name) => nameOf(each, name))),
    ...(syncs?.failures ?? []).flatMap((each) =>
      [each.subject, each.at, ...Object.keys(each.where)].map((name) => nameOf(each, name)),
    ),
    ...(syncs?.runs ?? []).flatMap((each) =>
      [each.at, each.outcome, each.errors ?? each.at, ...Object.keys(each.where)].map((name) =>
        nameOf(each, name),
      ),
    ),
  ];
  const { stored } = syncs!;
  names.push(...[stored!.at, ...Object.keys(stored!.where)].map((name) => nameOf(stored!, name)));
  const log = jobs!.log!;
  const { arrivals, events } = webhooks as {
    arrivals: ArrivalTable;
    events: EventTable;
  };
  const conditions = [arrivals.where, arrivals.except].flatMap((each) => Object.keys(each));
  const around = [
    ...[log.job, log.at, log.status, log.message].map((name) => nameOf(log, name)),
    ...[arrivals.receivedAt, ...arrivals.eventAt, ...conditions].map((name) =>
      nameOf(arrivals, name),
    ),
    ...[events.at, events.status, ...Object.keys(events.where)].map((name) => nameOf(events, name)),
  ];
  return [...new Set([...names, ...around])].sort();
}
