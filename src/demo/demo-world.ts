import { readFile } from 'node:fs/promises';
import pg from 'pg';
import {
  startEmbeddedPostgres,
  type EmbeddedPostgresOptions,
  type EmbeddedServer,
} from './embedded-postgres.js';

/** The same folder from `src/demo` and from `dist/demo`: the world is data and is not compiled. */
export const worldFolder = new URL('../../src/demo/world/', import.meta.url);

const scripts = ['01-schema.sql', '02-incident.sql'];

export interface DemoWorld {
  /** Of the database with the incident, password included. */
  readonly url: string;
  /** Ends the server and deletes its data. Safe to repeat. */
  stop(): Promise<void>;
}

/** Starts the embedded PostgreSQL with the incident in its database `demo`. */
export async function startDemoWorld(options: EmbeddedPostgresOptions = {}): Promise<DemoWorld> {
  const server = await startEmbeddedPostgres(options);
  try {
    await createDatabase(server, 'demo');
    const url = server.url('demo');
    await loadWorld(url);
    return { url, stop: () => server.stop() };
  } catch (error) {
    await server.stop();
    throw error;
  }
}

/** Creates the reference schema and the incident in an empty database. */
export async function loadWorld(url: string): Promise<void> {
  await withClient(url, async (client) => {
    for (const script of scripts) {
      await client.query(await readFile(new URL(script, worldFolder), 'utf8'));
    }
  });
}

async function createDatabase(server: EmbeddedServer, name: string): Promise<void> {
  await withClient(server.url(), async (client) => {
    await client.query(`CREATE DATABASE ${client.escapeIdentifier(name)}`);
  });
}

async function withClient(url: string, work: (client: pg.Client) => Promise<void>): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  // A connection that breaks fails the query too, which tells.
  client.on('error', () => undefined);
  await client.connect();
  try {
    await work(client);
  } finally {
    await client.end();
  }
}
