import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { deactivate } from '../../src/commands/deactivate.js';
import { exitCode } from '../../src/commands/exit-code.js';
import { reactivate } from '../../src/commands/reactivate.js';
import { findFreePort } from '../support/free-port.js';
import { createDatabase, testServer17 } from '../support/postgres.js';
import type { TestDatabase } from '../support/postgres.js';
import { addBacklog, prepareBacklog } from './backlog-world.js';
import { capture } from './captured-command.js';

const yaml = `
databases:
  other: { url: '\${OTHER_URL}' }
providers:
  here: { preset: fathom }
  there: { preset: fathom, database: other }
`;

describe('switching rows of providers in several databases', () => {
  let main: TestDatabase;
  let other: TestDatabase;
  let directory: string;
  let env: NodeJS.ProcessEnv;
  beforeAll(async () => {
    [main, other] = await Promise.all([createDatabase(testServer17), createDatabase(testServer17)]);
    directory = await mkdtemp(join(tmpdir(), 'several-databases-'));
    await writeFile(join(directory, 'config.yaml'), yaml);
    const CONFIG_FILE = join(directory, 'config.yaml');
    env = { DATABASE_URL: main.url, OTHER_URL: other.url, CONFIG_FILE };
  });
  beforeEach(async () => {
    for (const database of [main, other]) {
      await prepareBacklog(database);
      await addBacklog(database, 1);
    }
  });
  afterAll(async () => {
    await Promise.all([main.drop(), other.drop()]);
    await rm(directory, { recursive: true });
  });

  const options = {
    provider: null,
    yes: true,
    // Nothing here can refresh, so nothing can be proven.
    force: true,
    here: true,
    reason: null,
    actor: 'ada',
    json: false,
    accounts: 'masked',
    patienceMs: 1_000,
  } as const;
  const off = (provider: string | null = null, changes: NodeJS.ProcessEnv = {}) =>
    capture({ ...env, ...changes }, (context) => deactivate(context, { ...options, provider }));
  const undo = (provider: string | null = null) =>
    capture(env, (context) =>
      reactivate(context, { ...options, provider, selector: { kind: 'undo' } }),
    );
  /** Whether the row is on, here and there. */
  const active = async () => {
    const select = 'SELECT is_active FROM fathom_integrations';
    const rows = [main, other].map((database) => database.query<{ is_active: boolean }>(select));
    return (await Promise.all(rows)).flat().map(({ is_active }) => is_active);
  };
  const ledger = async () => {
    const rows = await main.query<{ provider: string; event: string }>(
      "SELECT provider, event FROM oauth_token_exporter.ledger WHERE actor = 'ada' ORDER BY id",
    );
    return rows.map(({ provider, event }) => [provider, event]);
  };
  const refused =
    'these rows are in 2 databases (default, other), and all are switched or none: name one --provider\n';

  it('is refused for rows of both, and changes none', async () => {
    expect(await off()).toMatchObject({ code: exitCode.usage, stderr: refused });
    expect(await active()).toEqual([true, true]);
    expect(await ledger()).toEqual([]);
  });

  it('works for one at a time, in its own database, with the ledger in that of the memory', async () => {
    expect(await off('there')).toMatchObject({ code: exitCode.fine });
    expect(await active()).toEqual([true, false]);
    expect(await off('here')).toMatchObject({ code: exitCode.fine });
    expect(await active()).toEqual([false, false]);
    expect(await undo()).toMatchObject({ code: exitCode.usage, stderr: refused });
    expect(await active()).toEqual([false, false]);
    expect(await undo('there')).toMatchObject({ code: exitCode.fine });
    expect(await active()).toEqual([false, true]);
    expect(await ledger()).toEqual([
      ['there', 'deactivated_by_hand'],
      ['here', 'deactivated_by_hand'],
      ['there', 'reactivated_by_hand'],
    ]);
  });

  it('changes nothing where one is away that may hold some of them, and names it', async () => {
    const away = { OTHER_URL: `postgresql://r@127.0.0.1:${String(await findFreePort())}/other` };
    const { code, stderr } = await off(null, away);
    expect(stderr).toMatch(/^there: nothing listens at other .*OTHER_URL\n$/);
    expect(code).toBe(exitCode.unknown);
    expect(await active()).toEqual([true, true]);
    expect(await off('here', away)).toMatchObject({ code: exitCode.fine, stderr: '' });
    expect(await active()).toEqual([false, true]);
  });
});
