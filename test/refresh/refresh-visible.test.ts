import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { App } from '../../src/app.js';
import { until } from '../support/until.js';
import { compose, openRealJournal } from './die-before-storing.js';
import { startExporter, startRefreshWorld } from './refresh-world.js';
import type { RefreshWorld } from './refresh-world.js';

let world: RefreshWorld;
let app: App | null = null;
let lines: string[];

beforeEach(async () => {
  world = await startRefreshWorld();
  lines = [];
});

afterEach(async () => {
  await app?.stop();
  app = null;
  await world.stop();
});

async function restart(env: NodeJS.ProcessEnv): Promise<void> {
  await app?.stop();
  app = await startExporter(env, lines);
}

const sample = async (series: string): Promise<number | null> => {
  const text = await (await fetch(`${app?.url ?? ''}/metrics`)).text();
  const line = text.split('\n').find((each) => each.startsWith(`${series} `));
  return line === undefined ? null : Number(line.slice(series.length + 1));
};

const shows = (series: string, value: number) =>
  until(`${series} is ${String(value)}`, async () => {
    const found = await sample(series);
    return found === value || Promise.reject(new Error(String(found)));
  });

const paused = (reason: string) =>
  `oauth_token_refresh_paused{provider="fathom",reason="${reason}"}`;

describe('a pause of the provider', () => {
  it('for our configuration is shown, and ends with its backoffs at a start with another', async () => {
    await world.addTokens(3, '-1 hour');
    await restart({ ...world.env, FATHOM_CLIENT_SECRET: 'not this one' });
    await shows(paused('configuration'), 1);
    expect(await sample(paused('breaker'))).toBe(0);
    expect(lines.join('\n')).toContain('"paused":{"fathom":"configuration (invalid_client)"}');

    await restart(world.env);
    await until('all are refreshed at once', () => world.server.counts().refreshes === 3);
    expect(await sample(paused('configuration'))).toBe(0);
  });
});

describe('what the tokens need', () => {
  it('is shown beside the rate, and in words where it is too small', async () => {
    await world.addTokens(60, '20 minutes');
    await restart({ ...world.env, FATHOM_RATE_LIMIT: '1/min' });
    await shows('oauth_token_refresh_rate_limit_per_second{provider="fathom"}', 1 / 60);
    const needed = await sample('oauth_token_refresh_demand_per_second{provider="fathom"}');
    expect(needed).toBeGreaterThan(1 / 60);
    await until('it is said', () =>
      /"rates":\{"fathom":"needs (3|2\.\d)\/min, allowed 1"\}/.test(lines.join('\n')),
    );
  });
});

describe('a request whose answer was never seen', () => {
  it('is counted when it is sent again after a crash', async () => {
    const [id = ''] = await world.addTokens(1, '-1 hour');
    const crashed = await compose(world, openRealJournal);
    expect(await crashed.claimDue()).toHaveLength(1);
    const [row] = await world.database.query<{ refresh_token: string }>(
      'SELECT refresh_token FROM fathom_integrations',
    );
    const refreshToken = row?.refresh_token ?? '';
    const request = { provider: 'fathom', tokenId: id, refreshToken };
    expect(await crashed.journal.recordSent([request], new Date())).toMatchObject({ ok: true });
    await crashed.die();

    await restart(world.env);
    await shows('oauth_token_ambiguous_requests_total{provider="fathom"}', 1);
    expect(world.server.counts().refreshes).toBe(1);
  });
});

describe('what refreshing stands on', () => {
  it('is shown to be lost when the journal is deleted under the exporter', async () => {
    await restart(world.env);
    await shows('oauth_token_exporter_journal_up', 1);
    await rm(join(world.directory, 'journal'), { recursive: true });
    await shows('oauth_token_exporter_journal_up', 0);
    const told = lines.filter((line) => line.startsWith('nothing is refreshed: '));
    expect(told).toHaveLength(1);
    expect(told[0]).toContain('was deleted while in use');
  });

  it('is shown to be lost when the memory is, and to be back', async () => {
    await world.addTokens(1, '20 hours');
    await restart(world.env);
    await shows('oauth_token_exporter_memory_up', 1);
    await world.database.query('ALTER SCHEMA oauth_token_exporter RENAME TO away');
    await shows('oauth_token_exporter_memory_up', 0);
    await world.database.query('ALTER SCHEMA away RENAME TO oauth_token_exporter');
    await shows('oauth_token_exporter_memory_up', 1);
    const told = lines.filter((line) => line.startsWith('the memory '));
    expect(told).toEqual([
      expect.stringContaining('the memory of fathom could not be used: '),
      expect.stringContaining('the memory can be used again'),
    ]);
  });
});
