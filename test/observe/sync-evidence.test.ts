import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createDatabase, testServer17, type TestDatabase } from '../support/postgres.js';
import { createPoller, referenceSchema, type Poller } from './poller.js';
import { emptySchema } from './reference-rows.js';

const hourMs = 3_600_000;

/** Ages in hours of each sign of a successful sync of one token; null: there is none. */
interface Signs {
  readonly column?: number | null;
  readonly log?: number | null;
  readonly state?: number | null;
}

describe('the last successful sync of a token', () => {
  let database: TestDatabase;
  let poller: Poller;
  beforeAll(async () => {
    database = await createDatabase(testServer17);
  });
  afterAll(() => database.drop());
  beforeEach(async () => {
    await emptySchema(database);
    await database.query(referenceSchema);
    poller = createPoller(database.url);
  });
  afterEach(() => poller.close());

  const nowMs = Date.now();
  const at = (hours: number | null | undefined) =>
    hours == null ? null : new Date(nowMs - hours * hourMs).toISOString();

  /** Adds a token with these signs and answers with its ids. */
  async function addToken({ column, log, state }: Signs, { active = true } = {}) {
    const [token] = await database.query<{ id: string; user_id: string }>(
      `INSERT INTO fathom_integrations (user_id, access_token, token_expires_at, is_active, last_sync_at)
       VALUES (gen_random_uuid(), 'a', now(), $1, $2) RETURNING id, user_id`,
      [active, at(column)],
    );
    const { id, user_id: user } = token!;
    if (log != null) await addLog(user, log);
    if (state !== undefined) await addState(token!, 'idle', at(state));
    return { id, user };
  }
  const addLog = (
    user: string | null,
    hours: number,
    { status = 'success', job = 'fathom_hourly_sync' } = {},
  ) =>
    database.query(
      'INSERT INTO cron_job_logs (job_name, user_id, status, created_at) VALUES ($1, $2, $3, $4)',
      [job, user, status, at(hours)],
    );
  const addState = (
    token: { id: string; user_id: string },
    status: string,
    completedAt: string | null,
  ) =>
    database.query(
      `INSERT INTO fathom_sync_state (user_id, integration_id, sync_status, last_sync_completed_at)
       VALUES ($1, $2, $3, $4)`,
      [token.user_id, token.id, status, completedAt],
    );

  const syncs = async () => (await poller.poll()).providers.get('fathom')?.syncs;
  const lastSuccesses = async () =>
    new Map((await syncs())?.lastSuccess.map(({ id, atMs }) => [id, atMs]));

  it('is the newest of all signs, whichever there are', async () => {
    const expected = new Map<string, number>();
    for (const [first, second, third] of [
      [1, 2, 3],
      [2, 3, 1],
      [3, 1, 2],
    ] as const) {
      for (let present = 0; present < 8; present += 1) {
        const signs = {
          column: present & 1 ? first : null,
          log: present & 2 ? second : null,
          state: present & 4 ? third : null,
        };
        const { id } = await addToken(signs);
        const ages = Object.values(signs).filter((hours) => hours !== null);
        if (ages.length > 0) expected.set(id, nowMs - Math.min(...ages) * hourMs);
      }
    }
    expect(expected.size).toBe(21);
    expect(await lastSuccesses()).toEqual(expected);
  });

  it('is the newest of several rows of a log', async () => {
    const { id, user } = await addToken({});
    await addLog(user, 5);
    await addLog(user, 2, { job: 'fathom_cron_sync_v2' });
    await addLog(user, 9);
    expect(await lastSuccesses()).toEqual(new Map([[id, nowMs - 2 * hourMs]]));
  });

  it('is not told by failures, by other jobs, by rows of others or of nobody', async () => {
    const { id, user } = await addToken({ column: 48 });
    await addLog(user, 1, { status: 'error' });
    await addLog(user, 1, { status: 'triggered' });
    await addLog(user, 1, { job: 'nightly_cleanup' });
    await addLog('00000000-0000-0000-0000-0000000000ff', 1);
    await addLog(null, 1);
    expect(await lastSuccesses()).toEqual(new Map([[id, nowMs - 48 * hourMs]]));
  });

  it.each(['error', 'syncing'])(
    'is not told by what a sync in state %s completed',
    async (status) => {
      const { id, user } = await addToken({ column: 48 });
      await addState({ id, user_id: user }, status, at(1));
      expect(await lastSuccesses()).toEqual(new Map([[id, nowMs - 48 * hourMs]]));
    },
  );

  it('of an inactive token is shown and counts for no lag', async () => {
    const { id } = await addToken({ column: 24 * 30 }, { active: false });
    await addToken({ column: 2 });
    const assessed = await syncs();
    expect(assessed?.lastSuccess.map((each) => each.id)).toContain(id);
    expect(assessed).toMatchObject({
      overdue: 0,
      lagging: { '1h': 1, '6h': 0, '24h': 0, '7d': 0 },
    });
    expect(assessed?.maxLagMs).toBeLessThan(3 * hourMs);
  });

  it('that never was is no lag, and overdue only once the token is old enough', async () => {
    await addToken({});
    await addToken({}, { active: false });
    await database.query(`UPDATE fathom_integrations SET created_at = now() - interval '71 hours'`);
    expect(await syncs()).toEqual({
      maxLagMs: null,
      lagging: { '1h': 0, '6h': 0, '24h': 0, '7d': 0 },
      overdue: 0,
      lastSuccess: [],
    });
    await database.query(`UPDATE fathom_integrations SET created_at = now() - interval '73 hours'`);
    expect(await syncs()).toMatchObject({ maxLagMs: null, overdue: 1 });
  });

  it('that lies in the future is no negative lag', async () => {
    const { id } = await addToken({ column: -5 });
    const assessed = await syncs();
    expect(assessed).toMatchObject({ maxLagMs: 0, overdue: 0, lagging: { '1h': 0 } });
    expect(assessed?.lastSuccess).toEqual([{ id, atMs: nowMs + 5 * hourMs }]);
  });

  it('counts in every band that it is older than', async () => {
    for (const hours of [0.5, 2, 12, 48, 24 * 30]) await addToken({ column: hours });
    expect(await syncs()).toMatchObject({
      lagging: { '1h': 4, '6h': 3, '24h': 2, '7d': 1 },
      overdue: 1,
    });
  });
});
