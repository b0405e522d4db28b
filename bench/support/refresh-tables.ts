import pg from 'pg';
import { loadWorld } from '../../src/demo/demo-world.js';
import type { EmbeddedServer } from '../../src/demo/embedded-postgres.js';

/** A database with the reference schema and, beside its table of tokens, one for the bare loop. */
export interface RefreshTables {
  readonly name: string;
  readonly bareTable: string;
  readonly query: (sql: string) => Promise<Record<string, unknown>[]>;
  /** Makes tokens of a table expired again, all by default, and removes what the last run left. */
  readonly expire: (table: string, count?: number) => Promise<void>;
  readonly close: () => Promise<void>;
}

const columns = 'user_id, access_token, refresh_token, token_expires_at';

/** Makes a database of `tokens` tokens, and as many for the bare loop. */
export async function createRefreshTables(
  server: EmbeddedServer,
  name: string,
  tokens: number,
): Promise<RefreshTables> {
  const admin = new pg.Client({ connectionString: server.url() });
  await admin.connect();
  await admin.query(`CREATE DATABASE ${name}`);
  await admin.end();
  await loadWorld(server.url(name));
  const pool = new pg.Pool({ connectionString: server.url(name), max: 1 });
  // The server is stopped right after it.
  pool.on('error', () => undefined);
  const bareTable = 'bare_integrations';
  await pool.query(`
    DELETE FROM fathom_integrations;
    CREATE TABLE ${bareTable} (LIKE fathom_integrations INCLUDING ALL);
    CREATE TRIGGER updated BEFORE UPDATE ON ${bareTable}
      FOR EACH ROW EXECUTE FUNCTION set_updated_at()`);
  for (const table of ['fathom_integrations', bareTable]) {
    await pool.query(
      `INSERT INTO ${table} (${columns})
       SELECT gen_random_uuid(), repeat('x', 400), '${name}-${table}-' || n || '.0',
              now() + interval '1 day'
       FROM generate_series(1, ${String(tokens)}) AS n`,
    );
  }
  return {
    name,
    bareTable,
    query: async (sql) => (await pool.query<Record<string, unknown>>(sql)).rows,
    async expire(table, count = tokens) {
      await pool.query('VACUUM (ANALYZE)');
      // All alike, so that no run has another order than the one before.
      await pool.query(
        `UPDATE ${table} SET token_expires_at = now() - interval '1 hour'
         WHERE id IN (SELECT id FROM ${table} ORDER BY id LIMIT ${String(count)})`,
      );
    },
    close: () => pool.end(),
  };
}
