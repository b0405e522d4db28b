import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { App } from '../../src/app.js';
import { createDatabase, testServer17 } from '../support/postgres.js';
import type { TestDatabase } from '../support/postgres.js';
import { runCli } from '../support/process.js';
import { until } from '../support/until.js';
import { startExporter, startRefreshWorld } from './refresh-world.js';
import type { RefreshWorld } from './refresh-world.js';

const yaml = `
databases:
  application: { url: '\${APPLICATION_DATABASE_URL}' }
providers:
  fathom: { preset: fathom, database: application }
`;

describe('tokens in another database than the memory', () => {
  let world: RefreshWorld;
  let home: TestDatabase;
  let app: App | null = null;
  let env: Record<string, string>;
  beforeEach(async () => {
    [world, home] = await Promise.all([startRefreshWorld(), createDatabase(testServer17)]);
    const file = join(world.directory, 'config.yaml');
    await writeFile(file, yaml);
    env = {
      ...(world.env as Record<string, string>),
      DATABASE_URL: home.url,
      APPLICATION_DATABASE_URL: world.database.url,
      CONFIG_FILE: file,
    };
  });
  afterEach(async () => {
    await app?.stop();
    app = null;
    await Promise.all([world.stop(), home.drop()]);
  });

  it('are refreshed there, and remembered here', async () => {
    const ids = await world.addTokens(3, '-1 hour');
    app = await startExporter(env);
    await until('all of them are refreshed', async () => {
      const [row] = await world.database.query<{ count: number }>(
        'SELECT count(*)::int AS count FROM fathom_integrations WHERE token_expires_at > now()',
      );
      return row?.count === ids.length;
    });
    expect(await world.livingGrants()).toBe(ids.length);
    const remembered = await until('their claims are closed', async () => {
      const rows = await home.query<{ token_id: string }>(
        `SELECT token_id FROM oauth_token_exporter.tokens
         WHERE refreshed_at IS NOT NULL AND claimed_by IS NULL`,
      );
      return rows.length === ids.length && rows.map(({ token_id }) => token_id);
    });
    expect([...remembered].sort()).toEqual([...ids].sort());
    const [there] = await world.database.query<{ schema: unknown }>(
      "SELECT to_regnamespace('oauth_token_exporter') AS schema",
    );
    expect(there?.schema).toBeNull();
  });

  it('are watched, and refreshed because a person says so', async () => {
    const [id = ''] = await world.addTokens(1, '20 hours');
    app = await startExporter(env);
    const started = await until('the exporter watches', async () => {
      const tried = await runCli(['watch', 'start', '--for', '4s', '--note', 'moved'], env);
      return tried.code === 0 && tried;
    });
    expect(started.stdout).toContain('of fathom runs for');
    const refreshed = await runCli(['refresh', '--token-id', id], env);
    expect(refreshed, refreshed.stderr).toMatchObject({ code: 0 });
    const ended = await until('the watch ended', async () => {
      const { stdout } = await runCli(['watch', 'report', '--format', 'json'], env);
      const report = JSON.parse(stdout) as { verdict: string; samples: number };
      return report.verdict !== 'RUNNING' && report;
    });
    expect(ended.samples).toBeGreaterThan(1);
  });

  it('are divided by views over one table, each part refreshed as its own provider', async () => {
    const ids = await world.addTokens(24, '-1 hour');
    await world.database.query(`
      CREATE VIEW part_0 AS SELECT * FROM fathom_integrations WHERE mod(hashtext(id::text), 2) = 0;
      CREATE VIEW part_1 AS SELECT * FROM fathom_integrations WHERE mod(hashtext(id::text), 2) <> 0`);
    await writeFile(
      env['CONFIG_FILE'] ?? '',
      `
databases: { application: { url: '\${APPLICATION_DATABASE_URL}' } }
providers:
  part_0: { preset: fathom, database: application, table: part_0 }
  part_1: { preset: fathom, database: application, table: part_1 }`,
    );
    app = await startExporter(env);
    const remembered = await until('all of them are refreshed', async () => {
      const rows = await home
        .query<{ provider: string; token_id: string }>(
          `SELECT provider, token_id FROM oauth_token_exporter.tokens
           WHERE refreshed_at IS NOT NULL AND claimed_by IS NULL`,
        )
        .catch(() => []);
      return rows.length === ids.length && rows;
    });
    expect(remembered.map(({ token_id }) => token_id).sort()).toEqual([...ids].sort());
    expect(new Set(remembered.map(({ provider }) => provider)).size).toBe(2);
    expect(await world.livingGrants()).toBe(ids.length);
  });
});
