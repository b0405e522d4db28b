import type { Pool } from 'pg';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Log } from '../src/log.js';
import { createMemory } from '../src/memory.js';
import type { Memory } from '../src/memory.js';
import type { Observation } from '../src/observe/observe.js';
import { known } from '../src/observe/reading.js';
import { noSurroundings } from '../src/observe/surroundings.js';
import { afterAttempt, healthyProvider } from '../src/refresh/provider-health.js';
import { configurationFingerprint } from '../src/refresh/configuration-fingerprint.js';
import { configOf } from './refresh/refresh-world.js';
import { createDatabase, openTestPool, testServer17 } from './support/postgres.js';
import type { TestDatabase } from './support/postgres.js';
import { until } from './support/until.js';

const now = new Date('2025-11-29T08:00:00Z');
const noCounts = {
  total: 0,
  withoutExpiry: 0,
  beforeNow: 0,
  beforeSoon: 0,
  beforeWindow: { '1h': 0, '24h': 0, '7d': 0, '30d': 0, '90d': 0 },
};

/** What a poll saw: one token of `fathom`. */
const observation: Observation = {
  now,
  clockSkewMs: 0,
  surroundings: noSurroundings,
  providers: [
    {
      name: 'fathom',
      tokens: known({
        active: noCounts,
        inactive: noCounts,
        earliestExpiresAtMs: null,
        mostUrgent: [],
        rows: [
          {
            id: 't',
            subject: 'u',
            account: null,
            active: true,
            expiresAtMs: now.getTime(),
            hasRefreshToken: true,
          },
        ],
      }),
      syncs: null,
      sources: [],
    },
  ],
};

let database: TestDatabase;
let pool: Pool;
let lines: string[];

beforeEach(async () => {
  database = await createDatabase(testServer17);
  pool = openTestPool(database.url, 2);
  lines = [];
});

afterEach(async () => {
  await pool.end();
  await database.drop();
});

const env = (secret: string): NodeJS.ProcessEnv => ({
  DATABASE_URL: database.url,
  FATHOM_CLIENT_ID: 'id',
  FATHOM_CLIENT_SECRET: secret,
});

function memoryOf(environment: NodeJS.ProcessEnv, patienceMs = 10_000): Memory {
  const write = (message: string) => {
    lines.push(message);
  };
  const log: Log = { debug: write, info: write, warn: write, error: write };
  const { providers } = configOf(environment);
  const onEvents = () => undefined;
  return createMemory({ pollIntervalMs: 30_000, patienceMs, pool, providers, log, onEvents });
}

const pausesOf = async (memory: Memory) =>
  (await memory.remember([observation])).providers.get('fathom')?.pauses;

/** The provider refuses the client of this configuration, as a replica would have recorded it. */
async function refuse(environment: NodeJS.ProcessEnv): Promise<void> {
  const [provider] = configOf(environment).providers;
  if (provider?.refresh == null) throw new Error('nothing refreshes it');
  const { health } = afterAttempt(healthyProvider, {
    tokenId: 't',
    atMs: 1000,
    outcome: { kind: 'failed', reason: 'invalid_client' },
    retryAfterMs: null,
    configurationFingerprint: configurationFingerprint(provider.refresh),
  });
  await database.query(
    'INSERT INTO oauth_token_exporter.providers (provider, breaker) VALUES ($1, $2)',
    ['fathom', JSON.stringify(health)],
  );
}

describe('the pauses that a poll finds in the memory', () => {
  it('are those under the configuration of this process', async () => {
    const refused = memoryOf(env('old'));
    expect(await pausesOf(refused)).toEqual([]);
    await refuse(env('old'));
    expect(await pausesOf(refused)).toEqual([
      { reason: 'configuration', sinceMs: 1000, untilMs: null, failure: 'invalid_client' },
    ]);
    expect(await pausesOf(memoryOf(env('new')))).toEqual([]);
  });

  it.each(['shadow', 'off'])('are none of ours where REFRESH_MODE is %s', async (REFRESH_MODE) => {
    await pausesOf(memoryOf(env('old')));
    await refuse(env('old'));
    expect(await pausesOf(memoryOf({ ...env('old'), REFRESH_MODE }))).toEqual([]);
  });
});

describe('a memory that is lost later', () => {
  it('is a problem of the poll, told once, and so is its return', async () => {
    const memory = memoryOf(env('old'));
    expect((await memory.remember([observation])).problem).toBeNull();
    await database.query('ALTER SCHEMA oauth_token_exporter RENAME TO away');
    const lost = await memory.remember([observation]);
    expect(lost.providers.size).toBe(0);
    expect(lost.problem).toContain('the memory of fathom could not be used: ');
    await memory.remember([observation]);
    expect(lines).toEqual([lost.problem]);

    await database.query('ALTER SCHEMA away RENAME TO oauth_token_exporter');
    expect(await memory.remember([observation])).toMatchObject({ problem: null });
    expect(lines.slice(1)).toEqual(['the memory can be used again']);
  });

  it('goes on being asked, since it may come back', async () => {
    const memory = memoryOf(env('old'));
    await memory.remember([observation]);
    await database.query('ALTER SCHEMA oauth_token_exporter RENAME TO away');
    await memory.remember([observation]);
    expect(memory.isUsable()).toBe(true);
  });
});

describe('a memory that hangs', () => {
  it('keeps no poll waiting, is asked by one at a time, and is told of once', async () => {
    // What has its time here, such as migrating, may take longer than 0.3 s.
    await memoryOf(env('old')).remember([observation]);
    const memory = memoryOf(env('old'), 300);
    await until('it answers', async () => {
      return (await memory.remember([observation])).problem === null;
    });
    lines = [];
    const locker = await pool.connect();
    await locker.query('BEGIN; LOCK TABLE oauth_token_exporter.tokens');
    const slow = await memory.remember([observation]);
    expect(slow.providers.size).toBe(0);
    expect(slow.problem).toMatch(/^the memory did not answer within 0\.3 s; look for locks /);
    // The pool has two connections: one is the lock's, and the other is the first try's.
    expect(await memory.remember([observation])).toEqual(slow);
    expect(pool.waitingCount).toBe(0);
    expect(lines).toEqual([slow.problem]);

    await locker.query('ROLLBACK');
    locker.release();
    await until('it answers again', async () => {
      return (await memory.remember([observation])).problem === null;
    });
    expect(lines.at(-1)).toBe('the memory can be used again');
  });
});
