import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { watchReport } from '../../src/commands/watch-report.js';
import type { ReportFormat } from '../../src/commands/report-formats.js';
import { watchStart } from '../../src/commands/watch-start.js';
import type { WatchRequest } from '../../src/watcher/plan-watch.js';
import { watchList, watchStatus } from '../../src/commands/watch-status.js';
import { watchStop } from '../../src/commands/watch-stop.js';
import { loadWorld } from '../../src/demo/demo-world.js';
import { openPool } from '../../src/database/open-pool.js';
import { migrate } from '../../src/store/migrate.js';
import { capture } from '../commands/captured-command.js';
import { writeTransaction } from '../../src/database/write-transaction.js';
import { saveBaseline, saveSample } from '../../src/store/watches.js';
import { simulateWatch } from './simulate-watch.js';
import { createWorld, dayMs, hourMs, startMs } from './simulated-world.js';
import { createDatabase, testServer17 } from '../support/postgres.js';
import type { TestDatabase } from '../support/postgres.js';

let database: TestDatabase;

beforeEach(async () => {
  database = await createDatabase(testServer17);
  await loadWorld(database.url);
});
afterEach(() => database.drop());

async function giveMemory(): Promise<void> {
  const pool = openPool(
    { connectionString: database.url },
    { connectTimeoutMs: 5_000, onIdleError: () => undefined },
  );
  await migrate(pool);
  await pool.end();
}

const env = (extra: NodeJS.ProcessEnv = {}) => ({ DATABASE_URL: database.url, ...extra });
const start = (options: Partial<WatchRequest> = {}, extra: NodeJS.ProcessEnv = {}) =>
  capture(env(extra), (context) =>
    watchStart(context, {
      for: '48h',
      note: 'refresh cron fixed',
      providers: [],
      prove: 0,
      acceptKnown: false,
      startedBy: 'ops',
      ...options,
    }),
  );
const report = (format: ReportFormat = 'json', id: number | null = null) =>
  capture(env(), (context) => watchReport(context, { id, format }));
const stop = (id: number | null = null) =>
  capture(env(), (context) => watchStop(context, { id, reason: 'wrong release', by: 'ops' }));

describe('the commands about watches', () => {
  it('say what is missing where the exporter has no memory', async () => {
    for (const result of [await start(), await report(), await stop()]) {
      expect(result).toMatchObject({
        code: 3,
        stderr: 'the exporter has no memory yet: start serve, or run migrate\n',
      });
    }
  });

  it('say how to begin where no watch was ever started', async () => {
    await giveMemory();
    expect(await report()).toMatchObject({ code: 3, stdout: '' });
    for (const command of [watchStatus, watchList]) {
      const result = await capture(env(), command);
      expect(result).toMatchObject({ code: 1 });
      expect(result.stdout).toMatch(/^no watch was ever started: watch start --for 48h/);
    }
  });

  it('start a watch, show it running and stop it for a reason', async () => {
    await giveMemory();
    const started = await start();
    expect(started).toMatchObject({ code: 0, stderr: '' });
    expect(started.stdout).toMatch(/^watch 1 of fathom runs for 48 h, until \d{4}-/);

    const { stdout: status } = await capture(env(), watchStatus);
    expect(status).toContain('watch 1 of fathom: RUNNING');
    expect(status).toContain('no baseline yet: no poll of a running exporter since the start');
    expect((await report()).code).toBe(3);
    expect(JSON.parse((await report()).stdout)).toMatchObject({
      id: 1,
      verdict: 'RUNNING',
      samples: 0,
      providers: ['fathom'],
      note: 'refresh cron fixed',
      hash: null,
    });

    expect(await stop()).toMatchObject({
      code: 0,
      stdout: 'watch 1 is stopped: INCONCLUSIVE; all of it: watch report 1\n',
    });
    const ended = await report('text');
    expect(ended.code).toBe(3);
    expect(ended.stdout).toContain('stopped by ops at');
    expect(ended.stdout).toContain('wrong release');
    expect(await stop()).toMatchObject({ code: 1, stderr: 'no watch is active\n' });
    const { stdout: list } = await capture(env(), watchList);
    expect(list).toMatch(/\n1 +fathom +\S+ \S+ +48 h +INCONCLUSIVE +0 +refresh cron fixed\n/);
  });

  it('count what was accepted at the start, and leave the names to the report', async () => {
    await giveMemory();
    await start({ acceptKnown: true });
    const wrong = createWorld(37, dayMs);
    for (const token of wrong.tokens) token.expiresAtMs = startMs - hourMs;
    wrong.refreshing = false;
    wrong.undelivered = 1;
    const { state } = await simulateWatch({ world: wrong, forMs: hourMs, acceptKnown: true });
    const pool = openPool(
      { connectionString: database.url },
      { connectTimeoutMs: 5_000, onIdleError: () => undefined },
    );
    await writeTransaction(pool, async (query) => {
      await saveBaseline(query, 1, state.baseline);
      await saveSample(query, 1, { slot: 0, atMs: startMs, sample: {} }, state.progress);
    });
    await pool.end();
    const accepted = [
      '  accepted: fathom: 37 tokens were expired already',
      '  accepted: 1 message was stuck already',
    ];
    const lines = async () =>
      (await capture(env(), watchStatus)).stdout.split('\n').filter((line) => /accept/.test(line));
    expect(await lines()).toEqual(accepted);
    await stop();
    expect(await lines()).toEqual(accepted);
    expect((await report('text')).stdout.match(/accepted, because/g)).toHaveLength(38);
  });

  it('restart the clock when the same providers are watched already', async () => {
    await giveMemory();
    await start();
    const second = await start({ note: 'second try' });
    expect(second.stdout).toMatch(
      /^watch 1 of the same providers ends: the clock restarts\nwatch 2/,
    );
    expect(JSON.parse((await report('json', 1)).stdout)).toMatchObject({
      verdict: 'INCONCLUSIVE',
      reasons: [{ code: 'stopped' }],
    });
    expect(JSON.parse((await report()).stdout)).toMatchObject({ id: 2, verdict: 'RUNNING' });
  });

  it('make one of two watches that are started at the same moment', async () => {
    await giveMemory();
    const results = await Promise.all([start(), start(), start()]);
    // Each either came after another one and replaced it, or came second and says so.
    for (const { code, stdout, stderr } of results) {
      expect(stdout + stderr).toMatch(code === 0 ? /runs for 48 h/ : /^somebody has just started/);
    }
    const active = await database.query(
      'SELECT id FROM oauth_token_exporter.watches WHERE ended_at IS NULL',
    );
    expect(active).toHaveLength(1);
  });

  it.each([
    ['a length without a unit', { for: '48' }, {}, /--for is how long/],
    ['a length below a second', { for: '999ms' }, {}, /at least 1s/],
    ['a provider that is not configured', { providers: ['fathon'] }, {}, /no provider "fathon"/],
    ['--prove where nothing is refreshed', { prove: 3 }, {}, /nothing here refreshes/],
    ['polls that are too rare', {}, { POLL_INTERVAL: '5m' }, /at least every 2 min 30 s/],
  ])('refuse %s', async (_, options, extra, message) => {
    await giveMemory();
    const result = await start(options, extra);
    expect(result.code).toBe(2);
    expect(result.stderr).toMatch(message);
  });

  it('print what came from data as text in every format', async () => {
    await giveMemory();
    await start({ note: '<b>|\u001b[31m`x`\u202e' });
    const { stdout: text } = await report('text');
    for (const mark of ['\u001b', '\u202e']) expect(text).not.toContain(mark);
    const { stdout: markdown } = await report('md');
    expect(markdown).toContain(String.raw`\<b\>\|`);
    const { stdout: html } = await report('html');
    expect(html).toContain('&lt;b&gt;');
  });
});
