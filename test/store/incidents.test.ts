import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { openPool } from '../../src/database/open-pool.js';
import { writeTransaction } from '../../src/database/write-transaction.js';
import {
  endIncident,
  endedSince,
  pruneIncidents,
  readOpenIncidents,
  saveIncident,
} from '../../src/store/incidents.js';
import type { Incident } from '../../src/store/incidents.js';
import { migrate } from '../../src/store/migrate.js';
import { addSilence, covers, readSilences } from '../../src/store/silences.js';
import { createDatabase, describeOnEachServer } from '../support/postgres.js';
import type { TestDatabase } from '../support/postgres.js';

const atMs = Date.UTC(2025, 10, 29, 12, 0, 0, 123);
const incident: Incident = {
  id: '00000000-0000-4000-8000-000000000001',
  provider: 'fathom',
  cause: 'grants_dead',
  replica: null,
  severity: 'warning',
  version: 0,
  firstSeenAtMs: atMs,
  confirmed: true,
  badPolls: 1,
  goodPolls: 0,
  countedAtMs: atMs + 1,
  decidedAtMs: atMs + 2,
  told: { atMs: atMs + 3, ids: new Set(['a', 'b"\\', '\u{1f600}']) },
  reminders: 2,
  silenced: false,
};
const other = { ...incident, id: '00000000-0000-4000-8000-000000000002' };

describeOnEachServer('incidents in the memory', (server) => {
  let database: TestDatabase;
  let pool: ReturnType<typeof openPool>;
  beforeAll(async () => {
    database = await createDatabase(server);
    pool = openPool(
      { connectionString: database.url },
      { connectTimeoutMs: 5_000, onIdleError: () => undefined },
    );
    await migrate(pool);
  });
  beforeEach(() => database.query('TRUNCATE oauth_token_exporter.incidents'));
  afterAll(async () => {
    await pool.end();
    await database.drop();
  });

  const run = <T>(work: Parameters<typeof writeTransaction<T>>[1]) => writeTransaction(pool, work);
  const save = (next: Incident, toldIsNew = true) =>
    run((query) => saveIncident(query, next, toldIsNew));
  const open = (known: readonly Incident[] = []) => run((query) => readOpenIncidents(query, known));

  it('are read as they were written, to the millisecond', async () => {
    expect(await save(incident)).toBe(true);
    expect(await open()).toEqual([{ ...incident, version: 1 }]);
  });

  it('are one per provider, cause and replica', async () => {
    expect(await save(incident)).toBe(true);
    expect(await save(other)).toBe(false);
    expect(await save({ ...other, replica: 'a' })).toBe(true);
    expect(await open()).toHaveLength(2);
  });

  it('are written only over the version that was read, and ended only once', async () => {
    await save(incident);
    const [read] = await open();
    expect(await save({ ...read!, reminders: 3 })).toBe(true);
    expect(await save({ ...read!, reminders: 4 })).toBe(false);
    expect(await run((query) => endIncident(query, read!, atMs))).toBe(false);
    const [newer] = await open();
    expect(newer!.reminders).toBe(3);
    expect(await run((query) => endIncident(query, newer!, atMs + 5))).toBe(true);
    expect(await run((query) => endIncident(query, newer!, atMs + 5))).toBe(false);
    expect(await open()).toEqual([]);
    expect(await save(other)).toBe(true);
  });

  it('keep what was told, and read it again only when it is another', async () => {
    await save(incident);
    const [read] = await open();
    await save({ ...read!, reminders: 3 }, false);
    await database.query(`UPDATE oauth_token_exporter.incidents SET told_ids = '["changed"]'`);
    expect((await open([read!]))[0]!.told!.ids).toBe(read!.told!.ids);
    expect((await open())[0]!.told!.ids).toEqual(new Set(['changed']));
  });

  it('tell whether one has ended since', async () => {
    await save(incident);
    const ended = (sinceMs: number) => run((query) => endedSince(query, incident, sinceMs));
    expect(await ended(0)).toBe(false);
    const [read] = await open();
    await run((query) => endIncident(query, read!, atMs));
    expect([await ended(atMs), await ended(atMs + 1)]).toEqual([true, false]);
  });

  it('that nobody was told of leave no trace', async () => {
    await save({ ...incident, told: null });
    const [read] = await open();
    expect(await run((query) => endIncident(query, read!, atMs))).toBe(true);
    expect(await database.query('SELECT FROM oauth_token_exporter.incidents')).toEqual([]);
  });

  it('are forgotten when they ended, or were last heard of, long ago', async () => {
    await save({ ...incident, decidedAtMs: Date.now() - 3_600_000 });
    const rows = () => database.query('SELECT FROM oauth_token_exporter.incidents');
    await run((query) => pruneIncidents(query, 3_660_000));
    expect(await rows()).toHaveLength(1);
    await run((query) => pruneIncidents(query, 3_540_000));
    expect(await rows()).toEqual([]);
  });

  it('silences end by themselves, by the clock of the memory', async () => {
    const silence = { provider: null, cause: 'grants_dead', reason: 'r', createdBy: 'ada' };
    const { id } = await run((query) => addSilence(query, { ...silence, forMs: 60_000 }));
    expect(await run(readSilences)).toMatchObject([{ id, ...silence }]);
    await database.query(
      `UPDATE oauth_token_exporter.silences SET ends_at = now() - interval '1 millisecond'`,
    );
    expect(await run(readSilences)).toEqual([]);
  });
});

it.each([
  [{ provider: 'a', cause: 'x' }, { provider: 'a', cause: 'x' }, true],
  [{ provider: 'a', cause: null }, { provider: 'a', cause: 'x' }, true],
  [{ provider: null, cause: 'x' }, { provider: null, cause: 'x' }, true],
  [{ provider: 'a', cause: 'x' }, { provider: 'a', cause: 'y' }, false],
  [{ provider: 'a', cause: 'x' }, { provider: 'b', cause: 'x' }, false],
  [{ provider: 'a', cause: null }, { provider: null, cause: 'database_down' }, false],
])('a silence of %j covers %j: %s', (silence, incident_, expected) => {
  expect(covers(silence, incident_)).toBe(expected);
});
