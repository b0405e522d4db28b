import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { backlog } from '../../src/commands/backlog.js';
import { syncBacklog } from '../../src/commands/backlog-sync.js';
import { exitCode } from '../../src/commands/exit-code.js';
import { sync } from '../../src/commands/sync.js';
import type { SyncOptions } from '../../src/commands/sync.js';
import { verify } from '../../src/commands/verify.js';
import { startTcpProxy } from '../database/tcp-proxy.js';
import type { TcpProxy } from '../database/tcp-proxy.js';
import { startSyncEndpoint, synced } from '../remedy/sync-endpoint.js';
import type { SyncEndpoint } from '../remedy/sync-endpoint.js';
import { createDatabase, testServer17 } from '../support/postgres.js';
import type { TestDatabase } from '../support/postgres.js';
import { addBacklog, onlySyncing, prepareBacklog } from './backlog-world.js';
import { capture } from './captured-command.js';

const yaml = `
databases:
  other: { url: '\${OTHER_URL}' }
providers:
  here: { preset: fathom }
  there: { preset: fathom, database: other }
`;
const away = {
  provider: 'there',
  reason: expect.stringMatching(/^nothing listens at other /) as string,
};
const since = { agoMs: 30 * 86_400_000 };

describe('remedies for providers in several databases, one of them away,', () => {
  let main: TestDatabase;
  let other: TestDatabase;
  let endpoint: SyncEndpoint;
  let proxy: TcpProxy;
  let directory: string;
  let env: NodeJS.ProcessEnv;
  let [hers, theirs]: (string | undefined)[] = [];
  beforeAll(async () => {
    [main, other] = await Promise.all([createDatabase(testServer17), createDatabase(testServer17)]);
    directory = await mkdtemp(join(tmpdir(), 'several-databases-'));
    await writeFile(join(directory, 'config.yaml'), yaml);
  });
  beforeEach(async () => {
    await prepareBacklog(main);
    await prepareBacklog(other);
    [hers] = await addBacklog(main, 1);
    [theirs] = await addBacklog(other, 1);
    endpoint = await startSyncEndpoint();
    endpoint.answer = onlySyncing(main);
    proxy = await startTcpProxy(Number(new URL(other.url).port));
    const throughProxy = new URL(other.url);
    throughProxy.port = String(proxy.port);
    env = {
      DATABASE_URL: main.url,
      OTHER_URL: throughProxy.href,
      CONFIG_FILE: join(directory, 'config.yaml'),
      SUPABASE_URL: endpoint.url,
      SUPABASE_SERVICE_ROLE_KEY: 'planted-service-key',
    };
  });
  afterEach(async () => {
    await endpoint.stop();
    await proxy.stop().catch(() => undefined);
  });
  afterAll(async () => {
    await Promise.all([main.drop(), other.drop()]);
    await rm(directory, { recursive: true });
  });

  const common = { provider: null, yes: true, json: true, actor: 'ada', reason: null };
  const allStale: SyncOptions = {
    ...common,
    userId: null,
    allStale: true,
    syncType: 'incremental',
  };
  const toText = { ...common, json: false };
  const asked = () => endpoint.calls.map(({ body }) => body.user_id);
  const parsed = (text: string) => JSON.parse(text) as Record<string, unknown>;

  it('sync asks for the users of the others, and names the one that is away', async () => {
    await proxy.stop();
    const { code, stdout, stderr } = await capture(env, (context) => sync(context, allStale));
    expect(asked()).toEqual([hers]);
    expect(parsed(stdout)).toMatchObject({
      syncs: [{ provider: 'here', user_id: hers, moved: true }],
      unknown: [away],
    });
    expect(stderr).toContain('there: nothing listens at other (127.0.0.1:');
    expect(stderr).toContain('check host and port in OTHER_URL');
    expect(code).toBe(exitCode.unknown);
  });

  it('sync does not say that nobody is there whom it could not look for', async () => {
    await proxy.stop();
    const nobody = { ...allStale, allStale: false, userId: theirs ?? '' };
    const told = await capture(env, (context) => sync(context, nobody));
    expect(parsed(told.stdout)).toMatchObject({ syncs: [], unknown: [away] });
    expect(told.code).toBe(exitCode.unknown);
    const text = await capture(env, (context) => sync(context, { ...nobody, json: false }));
    expect(text).toMatchObject({ code: exitCode.unknown, stdout: '' });
    expect(asked()).toEqual([]);
  });

  it('sync says what came of the others when one is gone at the end', async () => {
    endpoint.answer = async (response, call, request) => {
      if (call.body.user_id === hers) return onlySyncing(main)(response, call, request);
      await proxy.stop();
      return synced(response, call, request);
    };
    const { code, stdout, stderr } = await capture(env, (context) => sync(context, allStale));
    expect(parsed(stdout)).toMatchObject({
      syncs: [
        { provider: 'here', outcome: 'success', moved: true },
        { provider: 'there', outcome: 'success', moved: null },
      ],
    });
    expect(stderr).toContain('it is not known what came of it: there: ');
    expect(code).toBe(exitCode.unknown);
  });

  it('backlog lists that of the others', async () => {
    await proxy.stop();
    const { code, stdout } = await capture(env, (context) =>
      backlog(context, { since, provider: null, json: true }),
    );
    expect(parsed(stdout)).toMatchObject({
      providers: [{ provider: 'here', users: [{ user_id: hers, rows: 1 }] }],
      unknown: [away],
    });
    expect(code).toBe(exitCode.unknown);
    const text = await capture(env, (context) =>
      backlog(context, { since, provider: null, json: false }),
    );
    expect(text.stdout).toContain('1 row of 1 user');
    expect(text.stderr).toContain('there: nothing listens at other (127.0.0.1:');
  });

  it('sync --backlog works off that of the others', async () => {
    await proxy.stop();
    const order = { ...common, since, again: false, limit: null, syncType: 'incremental' };
    const { code, stdout, stderr } = await capture(env, (context) => syncBacklog(context, order));
    expect(asked()).toEqual([hers]);
    expect(parsed(stdout)).toMatchObject({
      syncs: [{ provider: 'here', user_id: hers }],
      missing_now: [expect.stringMatching(/^here, now: 1 row of 1 user/)],
      unknown: [away],
    });
    expect(stderr).toContain('check host and port in OTHER_URL');
    expect(code).toBe(exitCode.unknown);
  });

  it('verify judges the others, and calls unknown what lies in it', async () => {
    await proxy.stop();
    const options = { ...toText, since: null, syncUser: hers ?? '' };
    const { code, stdout } = await capture(env, (context) => verify(context, options));
    expect(stdout).toMatch(/^PASS +here sync of one user: /m);
    for (const check of ['token statuses', 'reconnections', 'syncs', 'job log', 'webhooks']) {
      expect(stdout).toMatch(
        new RegExp(
          `^UNKNOWN +there ${check}: .*nothing listens at other .*\n +next: .*OTHER_URL`,
          'm',
        ),
      );
      expect(stdout).not.toMatch(new RegExp(`^[A-Z]+ +here ${check}: .*nothing listens`, 'm'));
    }
    expect(stdout).toMatch(/^UNKNOWN +there sync of one user: .*\n +next: .*OTHER_URL/m);
    expect(stdout.match(/there webhooks: .*/)?.[0].match(/nothing listens/g)).toHaveLength(1);
    expect(stdout).toContain('not configured  cron jobs');
    expect(code).toBe(exitCode.no);
  });

  it('verify judges the others without the database of the jobs and of the memory', async () => {
    const port = String(proxy.port);
    const mainAway = {
      ...env,
      DATABASE_URL: `postgresql://r@127.0.0.1:${port}/m`,
      OTHER_URL: other.url,
    };
    await proxy.stop();
    const options = { ...toText, since: null, syncUser: null };
    const { code, stdout } = await capture(mainAway, (context) => verify(context, options));
    expect(stdout).toMatch(/^UNKNOWN +cron jobs: nothing listens at .*\n +next: .*DATABASE_URL/m);
    expect(stdout).toMatch(/^FAIL +there syncs: 1 overdue/m);
    expect(code).toBe(exitCode.no);
  });

  it('says the error where none can be used', async () => {
    await proxy.stop();
    const { code, stdout, stderr } = await capture(env, (context) =>
      sync(context, { ...allStale, provider: 'there' }),
    );
    expect(stdout).toBe('');
    expect(stderr).toMatch(/^nothing listens at other .*OTHER_URL\n$/);
    expect(code).toBe(exitCode.unknown);
  });
});
