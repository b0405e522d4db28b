import { createServer } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';
import { performance } from 'node:perf_hooks';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createPageRecords } from '../../src/pages/page-records.js';
import { migrate } from '../../src/store/migrate.js';
import { createDatabase, openTestPool, testServer17 } from '../support/postgres.js';
import type { TestDatabase } from '../support/postgres.js';

const monotonicMs = () => performance.now();

describe('what pages read of the memory', () => {
  let database: TestDatabase;
  let pool: pg.Pool;
  beforeAll(async () => {
    database = await createDatabase(testServer17);
    pool = openTestPool(database.url);
  });
  afterAll(async () => {
    await pool.end();
    await database.drop();
  });

  it('is said to be missing before there is any', async () => {
    const problem = { ok: false, problem: 'the exporter has no memory yet' };
    const records = createPageRecords(pool, monotonicMs);
    expect(await records.token('fathom', 't')).toEqual(problem);
    expect(await records.incidents(false)).toEqual(problem);
    expect(await records.watches()).toEqual(problem);
  });

  it('is the ledger of one token, and incidents with their ends', async () => {
    await migrate(pool);
    await pool.query(
      `INSERT INTO oauth_token_exporter.ledger (at, provider, token_id, event, actor)
       VALUES (now(), 'fathom', 't', 'refreshed', 'refresh'),
              (now(), 'fathom', 'other', 'failed', 'refresh')`,
    );
    const incident = (key: string, values: string) =>
      pool.query(
        `INSERT INTO oauth_token_exporter.incidents
           (id, provider, cause, replica, severity, version, bad_polls, good_polls, counted_at,
            decided_at, told_ids, reminders, silenced, first_seen_at, confirmed, recovered_at)
         VALUES (gen_random_uuid(), 'fathom', '${key}', '', 'warning', 1, 1, 0, now(), now(),
                 '["a", "b"]', 0, false, now(), ${values})`,
      );
    await incident('open', 'true, NULL');
    await incident('unconfirmed', 'false, NULL');
    await incident('over', "true, now() - interval '6 days'");
    await incident('long over', "true, now() - interval '8 days'");

    const records = createPageRecords(pool, monotonicMs);
    const token = await records.token('fathom', 't');
    expect(token.ok && token.value.ledger.map(({ event }) => event)).toEqual(['refreshed']);
    const read = await records.incidents(false);
    expect(read.ok && read.value.incidents.map(({ cause, affected }) => [cause, affected])).toEqual(
      [
        ['open', 2],
        ['over', 2],
      ],
    );
  });

  it('keeps no page waiting: a database that says nothing is given up', async () => {
    const sockets: Socket[] = [];
    const silent = createServer((socket) => sockets.push(socket));
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
    const { port } = silent.address() as AddressInfo;
    const mute = new pg.Pool({ host: '127.0.0.1', port, user: 'u', database: 'd' });
    mute.on('error', () => undefined);
    const answer = await createPageRecords(mute, monotonicMs).token('fathom', 't');
    expect(answer).toEqual({
      ok: false,
      problem: 'its database did not answer within a second',
    });
    for (const socket of sockets) socket.destroy();
    silent.close();
    await mute.end();
  });
});
