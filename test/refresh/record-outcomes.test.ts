import { randomUUID } from 'node:crypto';
import pg from 'pg';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { openPool } from '../../src/database/open-pool.js';
import { parseProviderHealth } from '../../src/refresh/parse-provider-health.js';
import { createOutcomeRecorder } from '../../src/refresh/record-outcomes.js';
import type { Closing } from '../../src/refresh/record-outcomes.js';
import { healthyProvider } from '../../src/refresh/provider-health.js';
import type { HealthChange } from '../../src/refresh/provider-health.js';
import { migrate } from '../../src/store/migrate.js';
import { firstSight } from '../../src/store/token-memory.js';
import { createDatabase, testServer17 } from '../support/postgres.js';
import type { TestDatabase } from '../support/postgres.js';
import { until } from '../support/until.js';

const claimedAtMs = Date.parse('2026-01-01T00:00:00Z');
const target = { provider: 'fathom', journalId: randomUUID(), configurationFingerprint: 'now' };

let database: TestDatabase;
let pool: ReturnType<typeof openPool>;
/** Somebody who claims: holds the provider's row. */
let other: pg.Client;

beforeAll(async () => {
  database = await createDatabase(testServer17);
  pool = openPool(
    { connectionString: database.url },
    { connectTimeoutMs: 5_000, onIdleError: () => undefined },
  );
  await migrate(pool);
  other = new pg.Client({ connectionString: database.url });
  await other.connect();
});

afterAll(async () => {
  await other.end();
  await pool.end();
  await database.drop();
});

beforeEach(async () => {
  await database.query('DELETE FROM oauth_token_exporter.providers');
  await database.query('DELETE FROM oauth_token_exporter.tokens');
});

async function claim(tokenId: string): Promise<void> {
  await pool.query(
    `INSERT INTO oauth_token_exporter.tokens
       (provider, token_id, first_seen_at, active, claimed_by, claimed_at)
     VALUES ('fathom', $1, now(), true, $2, to_timestamp($3::float8 / 1000))`,
    [tokenId, target.journalId, claimedAtMs],
  );
}

function closing(tokenId: string, atMs: number, attempt: Closing['attempt']): Closing {
  const row = { id: tokenId, active: true, expiresAtMs: null };
  const memory = { ...firstSight(row, claimedAtMs), refreshedAtMs: atMs, claimedAtMs };
  const closed = { memory, event: 'refreshed', reason: null, detail: null };
  return { closed, attempt, atMs, retryAfterMs: null };
}

async function openClaims(): Promise<number> {
  const [row] = await database.query<{ count: number }>(
    'SELECT count(*)::int AS count FROM oauth_token_exporter.tokens WHERE claimed_by IS NOT NULL',
  );
  return row?.count ?? NaN;
}

/** Remembers as a process would that has just started. */
function remembering(closings: readonly Closing[]): Promise<readonly HealthChange[]> {
  return createOutcomeRecorder(pool, target)(closings);
}

/** As many successes as are remembered, all at one moment. */
async function makeSteady(): Promise<void> {
  const ids = Array.from({ length: 20 }, (_, index) => `steady-${String(index)}`);
  for (const id of ids) await claim(id);
  await remembering(ids.map((id) => closing(id, claimedAtMs, { kind: 'refreshed' })));
}

/** Whether recording goes on while another transaction holds the provider's row. */
async function goesOnWhileLocked(record: () => Promise<unknown>): Promise<boolean> {
  await other.query('BEGIN');
  await other.query('SELECT FROM oauth_token_exporter.providers FOR UPDATE');
  const recording = record();
  const waits = until('it waits', async () => {
    const rows = await database.query(
      `SELECT FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()`,
    );
    return rows.length > 0;
  }).catch(() => false);
  const wentOn = await Promise.race([recording.then(() => true), waits.then((is) => !is)]);
  await other.query('ROLLBACK');
  await recording;
  return wentOn;
}

describe('remembering a success', () => {
  it('waits for nobody while all that is remembered of the provider succeeded a moment ago', async () => {
    await makeSteady();
    await claim('next');
    const record = () => remembering([closing('next', claimedAtMs + 999, { kind: 'refreshed' })]);
    expect(await goesOnWhileLocked(record)).toBe(true);
    expect(await openClaims()).toBe(0);
  });

  it('is noted of the provider once that moment has passed', async () => {
    await makeSteady();
    await claim('next');
    const record = () => remembering([closing('next', claimedAtMs + 1_000, { kind: 'refreshed' })]);
    expect(await goesOnWhileLocked(record)).toBe(false);
    const [row] = await database.query<{ breaker: unknown }>(
      'SELECT breaker FROM oauth_token_exporter.providers',
    );
    const { breaker } = parseProviderHealth(row?.breaker);
    expect(breaker.attempts.at(-1)?.atMs).toBe(claimedAtMs + 1_000);
    expect(breaker.attempts).toHaveLength(20);
  });

  it('is noted of the provider beside a failure', async () => {
    await makeSteady();
    await claim('failed');
    await claim('next');
    const record = () =>
      remembering([
        closing('next', claimedAtMs, { kind: 'refreshed' }),
        closing('failed', claimedAtMs, { kind: 'failed', reason: 'server_error' }),
      ]);
    expect(await goesOnWhileLocked(record)).toBe(false);
    const [row] = await database.query<{ breaker: unknown }>(
      'SELECT breaker FROM oauth_token_exporter.providers',
    );
    const last = parseProviderHealth(row?.breaker).breaker.attempts.at(-1);
    expect(last?.reason).toBe('server_error');
  });

  it('is noted of a provider whose health somebody else changed meanwhile', async () => {
    await makeSteady();
    const record = createOutcomeRecorder(pool, target);
    for (const id of ['first', 'second', 'third']) await claim(id);
    const success = (id: string) => [closing(id, claimedAtMs + 1, { kind: 'refreshed' as const })];
    expect(await record(success('first'))).toEqual([]);
    const open = { kind: 'open', reason: 'server_error', untilMs: claimedAtMs, confirming: null };
    const health = { ...healthyProvider, breaker: { ...healthyProvider.breaker, phase: open } };
    await database.query('UPDATE oauth_token_exporter.providers SET breaker = $1', [
      JSON.stringify(health),
    ]);

    expect(await record(success('second'))).toEqual(['closed']);
    expect(await record(success('third'))).toEqual([]);
    expect(await openClaims()).toBe(0);
    const lines = await database.query(
      `SELECT FROM oauth_token_exporter.ledger WHERE token_id IN ('first', 'second', 'third')`,
    );
    expect(lines).toHaveLength(3);
  });
});
