import { randomBytes } from 'node:crypto';
import pg from 'pg';
import { describe, inject } from 'vitest';
import { describeWith } from './describe-with.js';
import { findDebianPostgres } from './system-servers.js';

/** One of the servers that global-setup.ts started. */
export interface TestServer {
  /** For the names of tests: `17 (embedded)`. */
  readonly name: string;
  /** Superuser's URL. Throws when this machine lacks the server: its tests are skipped then. */
  url(database?: string): string;
}

const urls = inject('postgresUrls');
const debianMajor = findDebianPostgres()?.major ?? 15;

/** Every server the tests know, also one that is not installed here: see `describeOnEachServer`. */
export const testServers: readonly TestServer[] = [
  testServer('17 (embedded)', urls['17 (embedded)']),
  testServer('15 (embedded)', urls['15 (embedded)']),
  testServer(`${debianMajor} (Debian)`, urls['Debian']),
];

/** The server for tests to which the major version means nothing. */
export const testServer17 = testServers[0]!;

function testServer(name: string, base: string | undefined): TestServer {
  return {
    name,
    url(database = 'postgres') {
      if (base === undefined) throw new Error(`PostgreSQL ${name} is not here`);
      const url = new URL(base);
      url.pathname = database;
      return url.href;
    },
  };
}

/** A `describe` per server. The tests of a server that is not installed are skipped, loudly. */
export function describeOnEachServer(name: string, tests: (server: TestServer) => void): void {
  for (const server of testServers) {
    const title = `${name}, on PostgreSQL ${server.name}`;
    const body = () => {
      tests(server);
    };
    if (server.name.includes('Debian')) describeWith('postgresql', title, body);
    else describe(title, body);
  }
}

/** A database of one test file's own, seen by the superuser. */
export interface TestDatabase {
  readonly name: string;
  readonly url: string;
  /** Runs one or, without parameters, several statements; answers with the rows of one. */
  query<Row extends pg.QueryResultRow>(sql: string, params?: readonly unknown[]): Promise<Row[]>;
  /** Ends every connection to it, drops it and the roles that were made for it. */
  drop(): Promise<void>;
}

export interface TestRole {
  readonly name: string;
  readonly url: string;
}

const rolesOf = new WeakMap<TestDatabase, string[]>();

/**
 * Opens a pool that survives what tests do to its idle connections: they stop servers and drop
 * databases. A query that meets that fails by itself.
 */
export function openTestPool(url: string, max = 4): pg.Pool {
  const pool = new pg.Pool({ connectionString: url, max });
  pool.on('error', () => undefined);
  return pool;
}

/** Creates an empty database with a name that no other test uses. */
export async function createDatabase(server: TestServer): Promise<TestDatabase> {
  const name = uniqueName();
  await runOnce(server.url(), [`CREATE DATABASE ${name}`]);
  const pool = openTestPool(server.url(name), 2);

  const database: TestDatabase = {
    name,
    url: server.url(name),
    async query<Row extends pg.QueryResultRow>(sql: string, params?: readonly unknown[]) {
      const result = await pool.query<Row>(sql, params && [...params]);
      return result.rows;
    },
    async drop() {
      await pool.end();
      const roles = rolesOf.get(database) ?? [];
      await runOnce(server.url(), [
        `DROP DATABASE IF EXISTS ${name} WITH (FORCE)`,
        ...roles.map((role) => `DROP ROLE ${role}`),
      ]);
    },
  };
  return database;
}

/**
 * Creates a role that may log in. Roles belong to the whole server: the name is unique, and the role
 * goes when `database` is dropped. `attributes` as in CREATE ROLE: `BYPASSRLS`.
 */
export async function createRole(database: TestDatabase, attributes = ''): Promise<TestRole> {
  const name = uniqueName();
  const password = randomBytes(9).toString('base64url');
  await database.query(`CREATE ROLE ${name} LOGIN PASSWORD '${password}' ${attributes}`);
  rolesOf.set(database, [...(rolesOf.get(database) ?? []), name]);
  const url = new URL(database.url);
  url.username = name;
  url.password = password;
  return { name, url: url.href };
}

function uniqueName(): string {
  return `test_${randomBytes(6).toString('hex')}`;
}

async function runOnce(url: string, statements: readonly string[]): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  client.on('error', () => undefined);
  await client.connect();
  try {
    for (const statement of statements) await client.query(statement);
  } finally {
    await client.end();
  }
}
