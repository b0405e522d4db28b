import pg from 'pg';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import type { EmbeddedServer } from '../../src/demo/embedded-postgres.js';
import { startDebianPostgres } from '../support/debian-postgres.js';
import { describeWith } from '../support/describe-with.js';
import { until } from '../support/until.js';
import { addRuns } from './cron-tables.js';
import { createPoller, referenceSchema, type Poller } from './poller.js';

/** What the job of the incident did: it found no configuration, said so, and returned. */
const incidentJob = `
CREATE FUNCTION trigger_fathom_sync() RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  IF current_setting('app.supabase_url', true) IS NULL THEN
    INSERT INTO cron_job_logs (job_name, status, message)
    VALUES ('fathom_cron_sync_v2', 'error', 'Supabase configuration missing');
    RETURN;
  END IF;
END $$`;

describeWith(['postgresql', 'pg_cron'], 'a real pg_cron', () => {
  let server: EmbeddedServer;
  let admin: pg.Client;
  let poller: Poller | undefined;
  const query = async <Row extends pg.QueryResultRow>(sql: string, params?: readonly unknown[]) =>
    (await admin.query<Row>(sql, params && [...params])).rows;
  beforeAll(async () => {
    server = await startDebianPostgres();
    admin = new pg.Client({ connectionString: server.url() });
    await admin.connect();
    await query(`CREATE EXTENSION pg_cron; ${referenceSchema}; ${incidentJob}`);
    await query(`SELECT cron.schedule('nightly', '0 3 * * *', 'SELECT 1')`);
  });
  afterAll(async () => {
    await admin.end();
    await server.stop();
  });
  afterEach(async () => {
    await poller?.close();
    poller = undefined;
  });

  const jobId = async (name: string) =>
    Number(
      (await query<{ jobid: string }>('SELECT jobid FROM cron.job WHERE jobname = $1', [name]))[0]!
        .jobid,
    );
  const login = async (name: string) => {
    await query(`CREATE ROLE ${name} LOGIN PASSWORD 'x'`);
    const url = new URL(server.url());
    url.username = name;
    url.password = 'x';
    return url.href;
  };

  it('shows another role no job, which is hidden until a policy opens the tables', async () => {
    const url = await login('watcher');
    await query(
      'GRANT SELECT ON ALL TABLES IN SCHEMA public TO watcher; GRANT USAGE ON SCHEMA cron TO watcher',
    );
    poller = createPoller(url, { yaml: 'cron: { jobs: [nightly] }' });
    const { cron, complete } = await poller.poll();
    expect(complete).toBe(false);
    expect(cron?.jobs ?? []).toEqual([]);
    expect(poller.source('cron:jobs')).toMatchObject({
      state: 'hidden',
      up: false,
      reason: 'row-level security of cron.job shows the role watcher no row',
    });

    await query(poller.source('cron:jobs')!.remedy!);
    const jobsOnly = await poller.poll();
    expect(jobsOnly.cron?.jobs).toMatchObject([{ name: 'nightly', missed: null, problems: [] }]);
    expect(poller.source('cron:jobs')).toMatchObject({ state: 'ok', up: true });
    expect(poller.source('cron:jobs')?.notes).toEqual([
      expect.stringContaining('GRANT pg_read_all_settings') as unknown,
    ]);
    expect(poller.source('cron:runs')).toMatchObject({ state: 'hidden', up: false });

    await addRuns({ query }, { jobId: await jobId('nightly'), minutesAgo: 4 * 24 * 60 });
    await query(poller.source('cron:runs')!.remedy!);
    await poller.poll();
    expect(poller.source('cron:runs')).toMatchObject({ state: 'ok', reason: null, up: true });
  });

  it('does not make a fault of being hidden from a role that nobody promised a job', async () => {
    poller = createPoller(await login('stranger'));
    await poller.poll();
    expect(poller.source('cron:jobs')?.up).toBeNull();
    expect(poller.source('cron:jobs')?.state).toMatch(/hidden|denied/);
  });

  it('shows runs that were missed, in the order of their ids and not of their times', async () => {
    const id = await jobId('nightly');
    await addRuns(
      { query },
      { jobId: id, minutesAgo: 3 * 24 * 60 },
      { jobId: id, minutesAgo: null, status: 'failed', message: 'connection failed' },
    );
    poller = createPoller(server.url());
    const nightly = (await poller.poll()).cron?.jobs.find(({ name }) => name === 'nightly');
    expect(nightly?.missed?.runs).toBeGreaterThanOrEqual(2);
    expect(nightly?.problems).toMatchObject([
      { reason: 'failing', failures: 1, message: 'connection failed' },
    ]);
  });

  it('within a minute shows the job that fails, and the one that succeeds at doing nothing', async () => {
    const watching = (poller = createPoller(server.url()));
    await watching.poll();
    // Not before that poll: it would not count what they did since.
    await query(`SELECT cron.schedule('fathom-sync', '* * * * *', 'SELECT trigger_fathom_sync()')`);
    await query(`SELECT cron.schedule('broken', '* * * * *', 'SELECT 1/0')`);
    const seen = await until(
      'pg_cron ran both jobs',
      async () => {
        const { cron } = await watching.poll();
        const broken = cron?.jobs.find(({ name }) => name === 'broken');
        const sync = cron?.jobs.find(({ name }) => name === 'fathom-sync');
        return (
          broken?.problems.length !== 0 && sync?.lastSuccessAtMs != null && { broken, sync, cron }
        );
      },
      { withinMs: 80_000, everyMs: 500 },
    );
    expect(seen.broken?.problems).toMatchObject([
      { reason: 'failing', failures: 1, message: 'ERROR: division by zero' },
    ]);
    expect(seen.sync).toMatchObject({ missed: null, problems: [] });
    expect(seen.cron!.logs.get('fathom')).toMatchObject([
      {
        name: 'fathom_cron_sync_v2',
        problems: [{ reason: 'misconfigured', message: 'Supabase configuration missing' }],
      },
    ]);
    const totals = seen.cron!.knowledge.totals;
    expect(totals.get('broken')).toEqual({ succeeded: 0, failed: 1 });
    expect(totals.get('fathom-sync')?.failed).toBe(0);
  }, 100_000);
});
