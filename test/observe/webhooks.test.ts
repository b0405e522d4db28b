import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import {
  createDatabase,
  createRole,
  describeOnEachServer,
  testServer17,
  type TestDatabase,
} from '../support/postgres.js';
import { createPoller, type Poller } from './poller.js';
import { loadReferenceRows } from './reference-rows.js';

let database: TestDatabase;
let poller: Poller;
const webhooks = async (provider = 'fathom') =>
  (await poller.poll()).providers.get(provider)?.webhooks ?? null;

interface Meeting {
  /** When its row appeared, in minutes before now; and the minutes from the event to that. */
  readonly minutesAgo: number;
  readonly delay?: number | null;
  readonly event?: 'fathom_created_at' | 'meeting_end';
  readonly source?: string | null;
  readonly imported?: boolean | null;
}

async function addMeetings(...meetings: readonly Meeting[]) {
  for (const {
    minutesAgo,
    delay = 3,
    event = 'fathom_created_at',
    source = 'fathom',
    imported = false,
  } of meetings) {
    await database.query(
      `INSERT INTO meetings (owner_user_id, created_at, ${event}, source_type, is_historical_import)
       VALUES (gen_random_uuid(), now() - $1::float8 * interval '1 minute',
               now() - ($1::float8 + $2::float8) * interval '1 minute', $3, $4)`,
      [minutesAgo, delay, source, imported],
    );
  }
}

const addEvents = (status: string, count: number, { source = 'fathom', minutesAgo = 1 } = {}) =>
  database.query(
    `INSERT INTO webhook_events (source, event_type, status, created_at)
     SELECT $1, 'meeting', $2, now() - $4::float8 * interval '1 minute' FROM generate_series(1, $3)`,
    [source, status, count, minutesAgo],
  );

const minutes = (ms: number | undefined) => Math.round((ms ?? NaN) / 60_000);

describeOnEachServer('the webhooks of a provider', (server) => {
  beforeAll(async () => {
    database = await createDatabase(server);
  });
  afterAll(() => database.drop());
  beforeEach(async () => {
    await loadReferenceRows(database);
    poller = createPoller(database.url);
  });
  afterEach(() => poller.close());

  it('show when the last row came, and how long after its event', async () => {
    await addMeetings(
      { minutesAgo: 10, delay: 2 },
      { minutesAgo: 20, delay: 4, event: 'meeting_end' },
      { minutesAgo: 30, delay: 6 },
      { minutesAgo: 40, delay: null },
    );
    const { arrivals } = (await webhooks())!;
    expect(arrivals).toMatchObject({ received: 4, measured: 3 });
    expect(minutes(arrivals?.delayMs?.median)).toBe(4);
    expect(minutes(arrivals?.delayMs?.p90)).toBe(6);
    expect(minutes(Date.now() - arrivals!.lastReceivedAtMs!)).toBe(10);
  });

  it('are not told by imports, by other sources, nor by rows of the future', async () => {
    await addMeetings(
      { minutesAgo: 50, imported: null },
      { minutesAgo: 1, imported: true },
      { minutesAgo: 1, source: 'zoom' },
      { minutesAgo: 1, source: null },
      { minutesAgo: -60 },
    );
    const { arrivals } = (await webhooks())!;
    expect(arrivals?.received).toBe(1);
    expect(minutes(Date.now() - arrivals!.lastReceivedAtMs!)).toBe(50);
  });

  it('have no delay where nothing came in the window', async () => {
    await addMeetings({ minutesAgo: 24 * 60 + 1 });
    expect((await webhooks())?.arrivals).toMatchObject({ received: 0, delayMs: null });
  });

  it('that arrived before their event arrived at once', async () => {
    await addMeetings({ minutesAgo: 5, delay: -3 });
    expect((await webhooks())?.arrivals?.delayMs).toEqual({ median: 0, p90: 0 });
  });

  it('count what became of their own events', async () => {
    await addEvents('processed', 3);
    await addEvents('ignored', 1);
    await addEvents('failed', 2);
    await addEvents('received', 5);
    await addEvents('failed', 9, { source: 'billing' });
    await addEvents('failed', 9, { minutesAgo: 24 * 60 + 1 });
    expect((await webhooks())?.events).toEqual({ succeeded: 4, failed: 2, other: 5 });
  });
});

describe('what can be seen of webhooks', () => {
  beforeAll(async () => {
    database = await createDatabase(testServer17);
  });
  afterAll(() => database.drop());
  beforeEach(() => loadReferenceRows(database));
  afterEach(() => poller.close());

  const source = (name: string) => poller.source(`fathom:${name}`);

  it('is absent, and no fault, where there are no such tables', async () => {
    await database.query('DROP TABLE meetings, webhook_events');
    poller = createPoller(database.url);
    expect((await poller.poll()).complete).toBe(true);
    expect(await webhooks()).toBeNull();
    expect(source('webhook_arrivals')).toMatchObject({ state: 'absent', up: null });
    expect(source('webhook_events')).toMatchObject({ state: 'absent', up: null });
  });

  it('is when rows came, without delays, where the columns of the event are gone', async () => {
    await database.query(
      'ALTER TABLE meetings DROP COLUMN fathom_created_at, ALTER COLUMN meeting_end TYPE text',
    );
    await database.query(
      `INSERT INTO meetings (owner_user_id, created_at) VALUES (gen_random_uuid(), now() - interval '5 min')`,
    );
    poller = createPoller(database.url);
    expect((await webhooks())?.arrivals).toMatchObject({ received: 1, measured: 0, delayMs: null });
    expect(source('webhook_arrivals')).toMatchObject({ state: 'ok', up: true });
    expect(source('webhook_arrivals')?.notes).toHaveLength(2);
  });

  it('is unknown where a condition can not be checked, and stays as it was', async () => {
    await addMeetings({ minutesAgo: 5 });
    poller = createPoller(database.url);
    const before = await webhooks();
    await database.query('ALTER TABLE meetings DROP COLUMN source_type');
    expect((await webhooks())?.arrivals).toEqual(before?.arrivals);
    expect(source('webhook_arrivals')).toMatchObject({ state: 'drifted', up: false });
  });

  it('is hidden where row-level security may hide rows', async () => {
    const role = await createRole(database);
    await database.query(`GRANT SELECT ON ALL TABLES IN SCHEMA public TO ${role.name}`);
    poller = createPoller(role.url);
    expect(await webhooks()).toBeNull();
    expect(source('webhook_arrivals')).toMatchObject({ state: 'hidden', up: null });
    await database.query(source('webhook_arrivals')!.remedy!);
    await poller.poll();
    expect(source('webhook_arrivals')).toMatchObject({ state: 'ok', up: true });
  });

  it('may be a column that says when the last one came', async () => {
    await database.query(`ALTER TABLE google_integrations ADD last_webhook_at timestamptz;
      INSERT INTO google_integrations (user_id, email, access_token, last_webhook_at)
      VALUES (gen_random_uuid(), 'a', 'x', now() - interval '2 hours'),
             (gen_random_uuid(), 'b', 'x', NULL)`);
    poller = createPoller(database.url, {
      yaml: `
providers:
  google:
    table: google_integrations
    columns: { id: id, subject: user_id }
    webhooks:
      arrivals: { table: google_integrations, received_at: last_webhook_at }
      silent_after: 1h`,
    });
    const seen = await webhooks('google');
    expect(seen?.problems).toEqual(['silent']);
    expect(minutes(Date.now() - seen!.arrivals!.lastReceivedAtMs!)).toBe(120);
  });
});
