import pg from 'pg';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { EmbeddedServer } from '../../src/demo/embedded-postgres.js';
import { referenceSchema } from '../observe/poller.js';
import { startDebianPostgres } from '../support/debian-postgres.js';
import { describeWith } from '../support/describe-with.js';
import { startCronApplication } from '../support/pg-cron-application.js';
import type { CronApplication } from '../support/pg-cron-application.js';
import { letHoursPassInVain } from '../support/pg-cron-time.js';
import { runCli } from '../support/process.js';
import { startSlackEndpoint } from '../support/slack-endpoint.js';
import type { SlackEndpoint } from '../support/slack-endpoint.js';
import { until } from '../support/until.js';
import { startExporter } from './exporter.js';
import type { Exporter } from './exporter.js';

const users = ['ada', 'bob', 'cyd', 'dan', 'eve', 'fay'].map((name) => `${name}@example.com`);
const total = users.length;
const synced = 'oauth_sync_runs_total{provider="fathom",outcome="success"}';
const succeeded = 'oauth_cron_job_runs_total{cron_job="fathom-sync",outcome="succeeded"}';
const misconfigured =
  'oauth_cron_job_problem{cron_job="fathom_cron_sync_v2",problem="misconfigured"}';

/** Its tests are the chapters of one story, and run in order. */
describeWith(['postgresql', 'pg_cron'], 'the incident, replayed on a real pg_cron', () => {
  let server: EmbeddedServer;
  let admin: pg.Client;
  let application: CronApplication;
  let slack: SlackEndpoint;
  let exporter: Exporter;
  let env: Record<string, string>;
  /** Pages and logs. What commands print stands apart: it says whom they speak of. */
  const published: string[] = [];
  const printed: string[] = [];

  beforeAll(async () => {
    server = await startDebianPostgres();
    admin = new pg.Client({ connectionString: server.url() });
    await admin.connect();
    await admin.query(`CREATE EXTENSION pg_cron; ${referenceSchema}`);
    application = await startCronApplication(server.url());
    slack = await startSlackEndpoint();
    env = {
      DATABASE_URL: server.url(),
      CONFIG_FILE: 'test/e2e/fixtures/incident-replay.yaml',
      POLL_INTERVAL: '1s',
      REFRESH_MODE: 'off',
      SLACK_WEBHOOK_URL: slack.url('slack'),
      INCIDENT_GROUP_WAIT: '0s',
      LOG_LEVEL: 'debug',
      SUPABASE_URL: application.url,
      SUPABASE_SERVICE_ROLE_KEY: application.serviceKey,
    };
  });
  afterAll(async () => {
    await exporter.stop('SIGKILL');
    for (const each of [slack, application]) await each.stop();
    await admin.end();
    await server.stop();
  });

  const query = async <Row extends pg.QueryResultRow>(sql: string) =>
    (await admin.query<Row>(sql)).rows;
  const logged = async (status: string) =>
    (await query(`SELECT FROM cron_job_logs WHERE status = '${status}'`)).length;
  const sample = async (series: string) => (await exporter.scrape()).get(series);
  const cli = async (args: string) => {
    const result = await runCli(args.split(' '), env);
    printed.push(result.stdout, result.stderr);
    return result;
  };
  const start = async () => {
    exporter = await startExporter(env);
    await exporter.ready();
  };
  /** What exporters before the present one counted. */
  let syncsCounted = 0;
  const stop = async () => {
    syncsCounted += Number(await sample(synced));
    for (const path of ['/', '/metrics', '/-/ready']) {
      published.push((await exporter.get(path)).body);
    }
    const { code, stdout, stderr } = await exporter.stop();
    expect(code).toBe(0);
    published.push(stdout, stderr);
  };
  const letHoursPass = async (hours: number) => {
    await stop();
    await letHoursPassInVain(admin, hours);
    await start();
  };
  const isWatch = (text: string) => text.includes('Stability watch');
  const told = () => slack.messages.map(({ text }) => text).filter((text) => !isWatch(text));
  /** First lines of the messages from the one with this index on, in no order, once there are so many. */
  const titlesFrom = async (first: number, count: number) => {
    await until('people are told', () => told().length >= first + count, { withinMs: 20_000 });
    return told()
      .slice(first)
      .map((text) => text.split('\n')[0])
      .sort();
  };
  const watchHasEnded = (id: number) =>
    until('the watch has ended', async () => {
      const ended = await query(
        `SELECT FROM oauth_token_exporter.watches WHERE id = ${String(id)} AND ended_at IS NOT NULL`,
      );
      return ended.length > 0;
    });
  const hoursLeft = async () => {
    const at = await sample('oauth_token_earliest_expiration_timestamp_seconds{provider="fathom"}');
    return (Number(at) - Date.now() / 1_000) / 3_600;
  };
  const pollsBetween = (from: Date, to: Date) =>
    [...exporter.stderr().matchAll(/"time":"([^"]+)".*"msg":"poll succeeded"/g)]
      .map(([, time = '']) => new Date(time))
      .filter((time) => time > from && time < to).length;

  it('says nothing while the job hands over syncs, and syncs keep the tokens alive', async () => {
    await application.configure(true);
    for (const [index, email] of users.entries()) {
      await application.connect(email, index === 0 ? '2 minutes' : `${String(23 - index)} hours`);
    }
    await start();
    await application.runByHand();
    await until('all have synced', async () => (await logged('success')) >= total);
    await until('the refresh was seen', async () => (await hoursLeft()) > 17);
    expect(await sample('oauth_token_foreign_refreshes_total{provider="fathom"}')).toBe(1);
    expect(await sample(misconfigured)).toBe(0);
    expect(await sample('oauth_syncs_overdue{provider="fathom"}')).toBe(0);
  });

  it('tells within two polls that the job succeeds at doing nothing, hours before a token expires', async () => {
    await application.configure(false);
    await until('pg_cron ran the job in vain', async () => (await logged('error')) > 0, {
      withinMs: 75_000,
      everyMs: 100,
    });
    expect(await titlesFrom(0, 1)).toEqual(['🟠 OPEN fathom: Jobs that run and do nothing: 1']);
    expect(told()[0]).toContain('fathom_cron_sync_v2: it runs and does nothing, since');
    expect(told()[0]).toContain(': Supabase configuration missing.\nNext: Restore the setting');
    const [run] = await query<{ status: string; end_time: Date }>(
      'SELECT status, end_time FROM cron.job_run_details ORDER BY runid DESC LIMIT 1',
    );
    const [incident] = await query<{ cause: string; told_at: Date }>(
      'SELECT cause, told_at FROM oauth_token_exporter.incidents',
    );
    expect([run?.status, incident?.cause]).toEqual(['succeeded', 'cron_job_misconfigured']);
    expect(pollsBetween(run!.end_time, incident!.told_at)).toBeLessThanOrEqual(2);
    expect(await hoursLeft()).toBeGreaterThan(17);
    expect(await sample(misconfigured)).toBe(1);
    expect(await sample(succeeded.replace('succeeded', 'failed'))).toBe(0);
    expect(await sample('oauth_cron_job_overdue{cron_job="fathom-sync"}')).toBe(0);
  }, 100_000);

  it('after three hours tells that the syncs have stopped, still hours before a token expires', async () => {
    await letHoursPass(3);
    expect(await titlesFrom(1, 1)).toEqual(['🟠 OPEN fathom: Syncs overdue']);
    expect(told()[1]).toContain(`Overdue now: ${String(total)}.`);
    expect(await hoursLeft()).toBeGreaterThan(14);
    expect(await sample('oauth_syncs_overdue{provider="fathom"}')).toBe(total);
    await until('each sync is counted once', async () => {
      const sinceRestart = await sample(synced);
      return syncsCounted + Number(sinceRestart) === total;
    });
  });

  it('tells once of all the tokens that lapsed a day later, and of the job as their cause', async () => {
    await letHoursPass(24);
    expect(await titlesFrom(2, 3)).toEqual([
      '🟠 OPEN fathom: 6 of 6 tokens expiring, refreshed by nobody',
      '🟠 REMINDER fathom: Jobs that run and do nothing: 1',
      '🟠 REMINDER fathom: Syncs overdue',
    ]);
    const lapse = told().find((text) => text.includes('refreshed by nobody'));
    expect(lapse).toContain('Expired already: 6. Without a refresh token: 0.');
    expect(lapse).toContain('fathom_cron_sync_v2: it runs and does nothing');
    expect(await sample('oauth_tokens{provider="fathom",status="expired",active="true"}')).toBe(6);
  });

  it('has commands that send nobody to reconnect, and name the first cause', async () => {
    expect(await cli('reconnect')).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/^nobody must authorize again/) as string,
    });
    expect((await cli('deactivate --expired --yes')).stdout).toMatch(
      /deactivate 0 of 6, leave 6 \(--force takes them too\)\n$/,
    );
    expect((await cli('sync --all-stale')).stdout).toMatch(/\n6 to sync\nnothing was done/);
    const [since] = await query<{ at: string }>(
      `SELECT to_char((now() - interval '27 hours') AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI"Z"') AS at`,
    );
    const review = await cli(`watch review --since ${since?.at ?? ''} --for 26h`);
    expect(review.code).toBe(1);
    expect(review.stdout).toMatch(/^Review of fathom, 26 h since .*: UNSTABLE\n/);
    expect(review.stdout).toMatch(/first cause, .*: the syncs of fathom stopped: no success/);
    expect(review.stdout).toMatch(
      /: 6 tokens of fathom expired from here to .* not refreshed since/,
    );
    await cli('watch start --for 1h --note too-early');
    await watchHasEnded(1);
    expect((await cli('watch report')).stdout).toMatch(/^Stability watch 1 of fathom: UNSTABLE\n/);
  }, 60_000);

  it('tells of each recovery once the tokens, the syncs and the log of the job prove it', async () => {
    await application.configure(true);
    const [user] = await query<{ user_id: string }>(
      'SELECT user_id FROM fathom_integrations ORDER BY id LIMIT 1',
    );
    const one = await cli(`sync --user-id ${user?.user_id ?? ''} --yes`);
    expect(one.stdout).toMatch(/synced 1 of 1, by the database\n$/);
    await application.runByHand();
    expect(await titlesFrom(5, 3)).toEqual([
      '🟢 RECOVERED fathom: 0 of 6 tokens expiring, refreshed by nobody',
      '🟢 RECOVERED fathom: Jobs that run and do nothing: 0',
      '🟢 RECOVERED fathom: Syncs overdue',
    ]);
    const lapse = told().find((text) => text.includes('RECOVERED fathom: 0 of 6'));
    expect(lapse).toContain('Repaired since the last message: 6.\nProof: Their expiry');
    expect(await hoursLeft()).toBeGreaterThan(23);
    expect(application.authorizationServer.counts()).toMatchObject({ refreshes: 7, replays: 0 });
  });

  it('calls a short watch after the repair neither stable nor unstable', async () => {
    await cli('watch start --for 3s --note repaired');
    await watchHasEnded(2);
    expect((await cli('watch report')).stdout).toMatch(
      /^Stability watch 2 of fathom: INCONCLUSIVE\n/,
    );
    await until('people are told', () =>
      slack.messages.some(({ text }) => text.includes('INCONCLUSIVE')),
    );
    // Seconds of polls later nothing else was told, and runs were counted once over all restarts.
    expect(told()).toHaveLength(8);
    await until('each run is counted', async () => {
      const [runs] = await query<{ count: number }>(
        'SELECT count(*)::int AS count FROM cron.job_run_details',
      );
      return (await sample(succeeded)) === runs?.count;
    });
  });

  it('shows no token, key, password or address to anybody whom they are not for', async () => {
    await stop();
    const tables = await query<{ name: string }>(
      `SELECT table_name AS name FROM information_schema.tables WHERE table_schema = 'oauth_token_exporter'`,
    );
    const forOthers = [...published, JSON.stringify(slack.messages)];
    const everything = [...printed, ...forOthers];
    for (const { name } of tables) {
      everything.push(JSON.stringify(await query(`SELECT * FROM oauth_token_exporter.${name}`)));
    }
    const secrets = [...application.secrets, slack.secret, server.password];
    expect(secrets.length).toBeGreaterThan(2 * total);
    expect(secrets.filter((secret) => everything.join().includes(secret))).toEqual([]);
    expect(users.filter((email) => forOthers.join().includes(email))).toEqual([]);
    expect(forOthers.join()).toContain('a***@e***.com');
    expect([slack.problems, application.faults]).toEqual([[], []]);
  });
});
