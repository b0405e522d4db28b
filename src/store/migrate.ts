import { readFileSync } from 'node:fs';
import type { Pool } from 'pg';
import type { Query } from '../database/read-snapshot.js';
import { writeTransaction } from '../database/write-transaction.js';

/** Schema of everything the exporter keeps for itself. */
export const stateSchema = 'oauth_token_exporter';

interface Migration {
  readonly version: number;
  readonly file: string;
}

const migrations: readonly Migration[] = [
  { version: 1, file: '001-memory.sql' },
  { version: 2, file: '002-refreshes.sql' },
  { version: 3, file: '003-incidents.sql' },
  { version: 4, file: '004-outbox.sql' },
  { version: 5, file: '005-syncs.sql' },
  { version: 6, file: '006-cron.sql' },
  { version: 7, file: '007-watches.sql' },
  { version: 9, file: '009-remedies.sql' },
];

/** The same folder from `src/store` and from `dist/store`: SQL is not compiled. */
const folder = new URL('../../src/store/migrations/', import.meta.url);

/** Any number that no other program is likely to lock; all replicas use the same. */
const lockId = 6_749_001;

/** All the SQL that `migrate` would run on an empty database, for people who run it themselves. */
export function migrationSql(): string {
  return [prepareSql, ...migrations.map(stepSql)].join('\n');
}

/**
 * Brings our schema up to date, once, however many replicas start together; returns the versions
 * applied.
 *
 * Throws what Postgres says when this role may not; and when the schema is of a newer exporter,
 * whose meaning we can't know.
 */
export async function migrate(pool: Pool): Promise<number[]> {
  return writeTransaction(pool, async (query) => {
    await query(`SELECT pg_advisory_xact_lock(${String(lockId)})`);
    const current = await readVersion(query);
    const newest = migrations.at(-1)?.version ?? 0;
    if (current > newest) {
      throw new Error(
        `the schema ${stateSchema} has version ${String(current)}, made by a newer exporter; this one knows ${String(newest)}`,
      );
    }
    if (current === 0) await prepare(query);
    const missing = migrations.filter(({ version }) => version > current);
    for (const migration of missing) await query(stepSql(migration));
    return missing.map(({ version }) => version);
  });
}

async function readVersion(query: Query): Promise<number> {
  const [exists] = await query<{ known: boolean }>(
    `SELECT to_regclass('${stateSchema}.schema_version') IS NOT NULL AS known`,
  );
  if (exists?.known !== true) return 0;
  const [row] = await query<{ version: number | null }>(
    `SELECT max(version) AS version FROM ${stateSchema}.schema_version`,
  );
  return row?.version ?? 0;
}

/** Where somebody made the schema for us, the right to create one is not needed. */
async function prepare(query: Query): Promise<void> {
  const [schema] = await query<{ known: boolean }>(
    `SELECT to_regnamespace('${stateSchema}') IS NOT NULL AS known`,
  );
  if (schema?.known !== true) await query(`CREATE SCHEMA ${stateSchema}`);
  await query(versionTableSql);
}

const versionTableSql = `CREATE TABLE IF NOT EXISTS ${stateSchema}.schema_version (
  version integer PRIMARY KEY,
  applied_at timestamptz NOT NULL DEFAULT now()
);`;

const prepareSql = `CREATE SCHEMA IF NOT EXISTS ${stateSchema};
${versionTableSql}`;

function stepSql({ version, file }: Migration): string {
  return `${readFileSync(new URL(file, folder), 'utf8')}
INSERT INTO ${stateSchema}.schema_version (version) VALUES (${String(version)});`;
}
