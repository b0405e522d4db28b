import type pg from 'pg';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest';
import { learnCron } from '../../src/assess/cron-knowledge.js';
import type { CronObservation } from '../../src/observe/cron.js';
import type { RunCount } from '../../src/observe/cron-runs.js';
import { known } from '../../src/observe/reading.js';
import type { CronKnowledge, RunCursor } from '../../src/store/cron-knowledge.js';
import { rememberCron } from '../../src/store/cron-memory.js';
import { migrate } from '../../src/store/migrate.js';
import {
  createDatabase,
  describeOnEachServer,
  openTestPool,
  type TestDatabase,
} from '../support/postgres.js';

const now = new Date('2026-11-24T12:00:00Z');
const at = (minutes: number) => now.getTime() + minutes * 60_000;

/** A poll that saw the job `sync`, and counted from one cursor to another. */
function seen(from: RunCursor | null, to: number, runs = 0): CronObservation {
  const count: RunCount = {
    from,
    to: { lastRunId: to, openRunIds: [to] },
    counts: runs === 0 ? [] : [{ jobId: 1, outcome: 'succeeded', runs }],
  };
  const job = { jobId: 1, name: 'sync', schedule: '* * * * *', active: true, callsHttp: false };
  const lastRunAtMs = at(-to);
  const jobRuns = {
    jobId: 1,
    lastRunAtMs,
    isRunning: false,
    lastSuccessAtMs: lastRunAtMs,
    failures: 0,
    lastFailure: null,
    successStartsMs: [],
  };
  return {
    jobs: known({ jobs: [job], complete: true, timeZone: 'GMT' }),
    runs: known({ runs: [jobRuns], complete: true, count }),
    responses: known([]),
    sources: [],
  };
}

describeOnEachServer('the memory of cron jobs', (server) => {
  let database: TestDatabase;
  let pool: pg.Pool;
  beforeAll(async () => {
    database = await createDatabase(server);
  });
  afterAll(() => database.drop());
  beforeEach(async () => {
    await database.query('DROP SCHEMA IF EXISTS oauth_token_exporter CASCADE');
    pool = openTestPool(database.url, 4);
    await migrate(pool);
  });
  afterEach(() => pool.end());

  const poll = (observation: CronObservation) =>
    rememberCron(pool, (before) => learnCron(before, observation, now));
  const total = ({ totals }: CronKnowledge) => totals.get('sync')?.succeeded;

  it('is found again as it was left', async () => {
    const first = await poll(seen(null, 10));
    expect(await rememberCron(pool, (before) => before)).toEqual(first);
    expect(first.jobs.get('sync')).toEqual({
      name: 'sync',
      schedule: '* * * * *',
      active: true,
      scheduledSinceMs: null,
      lastRunAtMs: at(-10),
      lastSuccessAtMs: at(-10),
      deactivatedAtMs: null,
      goneAtMs: null,
    });
  });

  it('counts what came while no exporter was there, once', async () => {
    const { cursor } = await poll(seen(null, 10));
    // A new process asks for the cursor first, and counts with its second poll.
    expect(total(await poll(seen(null, 25)))).toBe(0);
    expect(total(await poll(seen(cursor, 25, 15)))).toBe(15);
    expect(total(await poll(seen(cursor, 25, 15)))).toBe(15);
  });

  it('believes one of several replicas that counted the same runs', async () => {
    const { cursor } = await poll(seen(null, 10));
    const replicas = Array.from({ length: 8 }, () => poll(seen(cursor, 30, 20)));
    const after = await Promise.all(replicas);
    expect(after.map(total)).toEqual(Array(8).fill(20));
    expect(after.map(({ cursor }) => cursor?.lastRunId)).toEqual(Array(8).fill(30));
  });

  it('keeps the last success of a job whose runs were deleted since', async () => {
    await poll(seen(null, 10));
    const count = { from: null, to: { lastRunId: 20, openRunIds: [] }, counts: [] };
    const after = await poll({
      ...seen(null, 20),
      runs: known({ runs: [], complete: true, count }),
    });
    expect(after.jobs.get('sync')?.lastSuccessAtMs).toBe(at(-10));
  });

  it('writes nothing when nothing changed', async () => {
    await poll(seen(null, 10));
    const before = await database.query(`SELECT xmin, * FROM oauth_token_exporter.cron_jobs`);
    await poll(seen(null, 10));
    expect(await database.query(`SELECT xmin, * FROM oauth_token_exporter.cron_jobs`)).toEqual(
      before,
    );
  });
});
