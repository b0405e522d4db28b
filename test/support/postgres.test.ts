import { afterAll, beforeAll, expect, it, onTestFinished } from 'vitest';
import pg from 'pg';
import { createDatabase, createRole, describeOnEachServer, type TestDatabase } from './postgres.js';
import { describeWith } from './describe-with.js';
import { startDebianPostgres } from './debian-postgres.js';

describeOnEachServer('a database for a test', (server) => {
  let database: TestDatabase;
  beforeAll(async () => {
    database = await createDatabase(server);
  });
  afterAll(() => database.drop());

  it('is a real one of the major version that its name says', async () => {
    const [row] = await database.query<{ server_version: string }>('SHOW server_version');
    expect(row?.server_version).toMatch(new RegExp(`^${parseInt(server.name)}\\.`));
  });

  it('lets a role in that sees only what it is granted', async () => {
    await database.query('CREATE TABLE open (a int); CREATE TABLE closed (a int)');
    const role = await createRole(database);
    await database.query(`GRANT SELECT ON open TO ${role.name}`);
    const client = new pg.Client({ connectionString: role.url });
    await client.connect();
    expect((await client.query('SELECT * FROM open')).rows).toEqual([]);
    await expect(client.query('SELECT * FROM closed')).rejects.toThrow('permission denied');
    await client.end();
  });

  it('is gone after the drop, with its connections and roles', async () => {
    const other = await createDatabase(server);
    const role = await createRole(other);
    const client = new pg.Client({ connectionString: role.url });
    client.on('error', () => undefined);
    await client.connect();
    await other.drop();

    const left = await database.query(
      `SELECT datname FROM pg_database WHERE datname = '${other.name}'
       UNION ALL SELECT rolname FROM pg_roles WHERE rolname = '${role.name}'`,
    );
    expect(left).toEqual([]);
  });
});

describeWith(['postgresql', 'pg_cron'], "Debian's PostgreSQL", () => {
  it('offers pg_cron in the database that was asked for', async () => {
    const server = await startDebianPostgres({ 'cron.database_name': 'jobs' });
    onTestFinished(() => server.stop());
    await runIn(server.url(), 'CREATE DATABASE jobs');
    await runIn(server.url('jobs'), 'CREATE EXTENSION pg_cron');
    await runIn(server.url('jobs'), "SELECT cron.schedule('hourly', '0 * * * *', 'SELECT 1')");
    const jobs = await runIn(server.url('jobs'), 'SELECT jobname FROM cron.job');
    expect(jobs).toEqual([{ jobname: 'hourly' }]);
  });
});

async function runIn(url: string, sql: string): Promise<unknown[]> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query(sql)).rows as unknown[];
  } finally {
    await client.end();
  }
}
