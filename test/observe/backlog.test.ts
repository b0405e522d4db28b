import type { EventEmitter } from 'node:events';
import { afterAll, beforeAll, beforeEach, afterEach, expect, it } from 'vitest';
import type { BacklogReading } from '../../src/observe/backlog.js';
import { observeBacklog } from '../../src/observe/backlog.js';
import {
  createDatabase,
  createRole,
  describeOnEachServer,
  type TestDatabase,
} from '../support/postgres.js';
import { createPoller, type Poller } from './poller.js';
import { loadReferenceRows } from './reference-rows.js';

const ada = '00000000-0000-0000-0000-0000000000aa';
const bob = '00000000-0000-0000-0000-0000000000bb';
const cy = '00000000-0000-0000-0000-0000000000cc';
const stranger = '00000000-0000-0000-0000-0000000000dd';
const dayMs = 86_400_000;
let database: TestDatabase;
let poller: Poller;

interface Meeting {
  readonly owner?: string;
  readonly hoursAgo?: number;
  readonly transcript?: string | null;
  readonly summary?: string | null;
  readonly source?: string;
}

async function addMeetings(...meetings: readonly Meeting[]) {
  for (const meeting of meetings) {
    const { owner = ada, hoursAgo = 1, transcript = null, summary = null } = meeting;
    await database.query(
      `INSERT INTO meetings (owner_user_id, created_at, transcript_text, summary, source_type)
       VALUES ($1, now() - $2::float8 * interval '1 hour', $3, $4, $5)`,
      [owner, hoursAgo, transcript, summary, meeting.source ?? 'fathom'],
    );
  }
}

async function read(
  since: Parameters<typeof observeBacklog>[2] = { agoMs: dayMs },
  reader: Poller = poller,
): Promise<BacklogReading> {
  return observeBacklog(reader.database, reader.config.providers[0]!, since);
}

async function backlog(since?: Parameters<typeof observeBacklog>[2]) {
  const { backlog } = await read(since);
  if (!backlog.known) throw new Error(backlog.reason);
  return backlog.value;
}

describeOnEachServer('the backlog of a provider', (server) => {
  beforeAll(async () => {
    database = await createDatabase(server);
  });
  afterAll(() => database.drop());
  beforeEach(async () => {
    await loadReferenceRows(database);
    poller = createPoller(database.url);
  });
  afterEach(() => poller.close());

  it('counts per user what is missing, whoever waits longest first', async () => {
    await addMeetings(
      { owner: bob, hoursAgo: 2, transcript: 'spoken', summary: '' },
      { owner: ada, hoursAgo: 5, transcript: null, summary: 'short' },
      { owner: ada, hoursAgo: 3 },
      { owner: ada, hoursAgo: 1, transcript: 'spoken', summary: 'short' },
    );
    const { now } = await read();
    const { columns, subjects } = await backlog();
    expect(columns).toEqual(['transcript_text', 'summary']);
    expect(subjects.map(({ subject, rows, missing }) => [subject, rows, ...missing])).toEqual([
      [ada, 2, 2, 1],
      [bob, 1, 0, 1],
    ]);
    const hoursAgo = (ms: number | undefined) => Math.round((now.getTime() - ms!) / 3_600_000);
    expect(hoursAgo(subjects[0]?.oldestAtMs)).toBe(5);
    expect(hoursAgo(subjects[0]?.newestAtMs)).toBe(3);
  });

  it('begins exactly at the instant asked for', async () => {
    await database.query(
      `INSERT INTO meetings (owner_user_id, created_at) VALUES
         ($1, '2025-11-27T08:00:00Z'), ($1, '2025-11-27T07:59:59.999Z')`,
      [ada],
    );
    const at = Date.parse('2025-11-27T08:00:00Z');
    expect((await backlog({ atMs: at })).subjects[0]?.rows).toBe(1);
    expect((await backlog({ atMs: at - 1 })).subjects[0]?.rows).toBe(2);
    expect((await backlog({ atMs: at + 1 })).subjects).toEqual([]);
  });

  it('counts no other source, and knows whose token the application can sync with', async () => {
    await addMeetings(
      { owner: ada, source: 'zoom' },
      { owner: bob },
      { owner: cy },
      { owner: stranger },
    );
    const { subjects } = await backlog();
    expect(new Map(subjects.map(({ subject, tokens }) => [subject, tokens]))).toEqual(
      new Map([
        [bob, [{ id: '00000000-0000-0000-0000-00000000000b', active: true }]],
        [cy, [{ id: '00000000-0000-0000-0000-00000000000c', active: false }]],
        [stranger, []],
      ]),
    );
  });

  it('survives rows of nobody, and owners that are anything', async () => {
    await database.query(
      'DROP POLICY own_rows ON meetings; ALTER TABLE meetings ALTER owner_user_id TYPE text, ALTER owner_user_id DROP NOT NULL',
    );
    const hostile = `'; DROP TABLE meetings; -- \u001b[2J<!channel>`;
    await database.query('INSERT INTO meetings (owner_user_id) VALUES (NULL), ($1), ($1)', [
      hostile,
    ]);
    const { subjects } = await backlog();
    expect(subjects.map(({ subject, rows }) => [subject, rows]).sort()).toEqual(
      [
        [null, 1],
        [hostile, 2],
      ].sort(),
    );
  });

  it('lets nothing that a column holds leave the database', async () => {
    await addMeetings({ transcript: 'planted-transcript' }, { summary: 'planted-summary' });
    const received: string[] = [];
    const listening = createPoller(database.url, {
      onPool: (pool) =>
        pool.on('connect', (client) => {
          const { connection } = client as unknown as { connection: EventEmitter };
          connection.on('dataRow', ({ fields }: { fields: unknown[] }) =>
            received.push(fields.map(String).join()),
          );
        }),
    });
    await read(undefined, listening);
    await listening.close();
    expect(received.join()).toContain(ada);
    expect(received.join()).not.toContain('planted');
  });

  it.each([
    ['jsonb', `'{}'`, `'{"a":1}'`],
    ['json', `'[]'`, `'[1]'`],
    ['text[]', `'{}'`, `'{a}'`],
    ['varchar(20)', `''`, `' '`],
    ['timestamptz', 'NULL', 'now()'],
  ])('takes an empty %s for missing, and a full one for there', async (type, empty, full) => {
    await database.query(`ALTER TABLE meetings DROP summary, ADD summary ${type}`);
    await database.query(
      `INSERT INTO meetings (owner_user_id, transcript_text, summary) VALUES
         ('${ada}', 'x', ${empty}), ('${ada}', 'x', ${full}), ('${ada}', 'x', NULL)`,
    );
    expect((await backlog()).subjects[0]?.missing).toEqual([0, 2]);
  });

  it('does not know what a column that is gone would say, and counts the rest', async () => {
    await addMeetings({});
    await database.query('ALTER TABLE meetings DROP summary');
    const { backlog: reading } = await read();
    expect(reading).toMatchObject({
      known: true,
      value: { columns: ['transcript_text'], subjects: [{ rows: 1, missing: [1] }] },
      notes: ['column summary is not there, so it is not known how many rows lack it'],
    });
  });

  it.each([
    ['DROP TABLE meetings', 'missing', /table public\.meetings does not exist/],
    [
      'ALTER TABLE meetings DROP summary, DROP transcript_text',
      'drifted',
      /public\.meetings has no column transcript_text, summary/,
    ],
    ['ALTER TABLE meetings DROP source_type', 'drifted', /has no column source_type/],
    [
      'ALTER TABLE meetings ALTER created_at DROP DEFAULT, ALTER created_at TYPE text',
      'drifted',
      /column created_at .* is text, not a point in time/,
    ],
  ])('is not known after %s', async (sql, state, reason) => {
    await addMeetings({});
    await database.query(sql);
    const { backlog: reading } = await read();
    expect(reading).toMatchObject({
      known: false,
      state,
      reason: expect.stringMatching(reason) as string,
    });
  });

  it('is denied or hidden to a role until the statements that it prints have run', async () => {
    await addMeetings({ owner: ada });
    const role = await createRole(database);
    await database.query(`GRANT SELECT ON fathom_integrations TO ${role.name};
      CREATE POLICY monitoring ON fathom_integrations FOR SELECT TO ${role.name} USING (true)`);
    const reader = createPoller(role.url);
    try {
      for (const state of ['denied', 'hidden']) {
        const { backlog: reading } = await read(undefined, reader);
        if (reading.known) throw new Error('it is known');
        expect(reading.state).toBe(state);
        await database.query(reading.remedy);
      }
      const { backlog: reading } = await read(undefined, reader);
      expect(reading).toMatchObject({ known: true, notes: [], value: { subjects: [{ rows: 1 }] } });
    } finally {
      await reader.close();
    }
  });
});
