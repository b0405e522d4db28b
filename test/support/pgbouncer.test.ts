import pg from 'pg';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { describeWith } from './describe-with.js';
import { startPgbouncer, type Pgbouncer } from './pgbouncer.js';
import { createDatabase, createRole, testServer17, type TestDatabase } from './postgres.js';

describeWith('pgbouncer', 'pgbouncer before a server', () => {
  let database: TestDatabase;
  let pooler: Pgbouncer;
  beforeAll(async () => {
    database = await createDatabase(testServer17);
    pooler = await startPgbouncer(testServer17);
  });
  afterAll(async () => {
    await pooler.stop();
    await database.drop();
  });

  it('lets the roles of the server in', async () => {
    const role = await createRole(database);
    const client = new pg.Client({ connectionString: pooler.through(role.url) });
    await client.connect();
    expect((await client.query('SELECT current_user::text AS name')).rows).toEqual([
      { name: role.name },
    ]);
    await client.end();
  });

  it('pools by transaction: what a session sets does not stay with it', async () => {
    const clients = Array.from(
      { length: 3 },
      () => new pg.Client({ connectionString: pooler.through(database.url) }),
    );
    for (const client of clients) await client.connect();
    const backends = await Promise.all(
      clients.map((client) => client.query<{ pid: number }>('SELECT pg_backend_pid() AS pid')),
    );
    expect(new Set(backends.map(({ rows }) => rows[0]?.pid)).size).toBeLessThan(3);
    for (const client of clients) await client.end();
  });
});
