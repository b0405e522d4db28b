import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { App } from '../../src/app.js';
import { journalAbandon, journalList } from '../../src/commands/journal.js';
import type { AbandonOptions } from '../../src/commands/journal.js';
import { startExporter, startRefreshWorld } from '../refresh/refresh-world.js';
import type { RefreshWorld } from '../refresh/refresh-world.js';
import { until } from '../support/until.js';
import { capture } from './captured-command.js';

const lost = '00000000-0000-4000-8000-000000000001';

let world: RefreshWorld;
const apps: App[] = [];

beforeEach(async () => {
  world = await startRefreshWorld();
});

afterEach(async () => {
  await Promise.all(apps.splice(0).map((app) => app.stop()));
  await world.stop();
});

const list = () => capture(world.env, journalList);
const abandon = (options: Partial<AbandonOptions> = {}) =>
  capture(world.env, (context) =>
    journalAbandon(context, { journalId: lost, yes: false, actor: 'ada', ...options }),
  );

/** Two tokens are claimed by a journal that was last seen an hour ago. */
async function loseJournal(): Promise<string[]> {
  const ids = await world.addTokens(2, '23 hours');
  apps.push(await startExporter(world.env));
  await until('they are remembered and the journal is seen', async () => {
    const tokens = await world.database.query('SELECT FROM oauth_token_exporter.tokens');
    const journals = await world.database.query('SELECT FROM oauth_token_exporter.journals');
    return tokens.length === 2 && journals.length === 1;
  });
  await world.database.query(
    `UPDATE oauth_token_exporter.tokens
     SET claimed_by = '${lost}', claimed_at = now() - interval '1 hour';
     INSERT INTO oauth_token_exporter.journals VALUES ('${lost}', 'old-host', now() - interval '1 hour')`,
  );
  return ids;
}

const claims = () =>
  world.database.query('SELECT FROM oauth_token_exporter.tokens WHERE claimed_by IS NOT NULL');

describe('journal list', () => {
  it('shows each journal, when it was last seen and what it holds claimed', async () => {
    await loseJournal();
    const { code, stdout } = await list();
    expect(code).toBe(0);
    const [, , first, second] = stdout.split('\n');
    expect(first).toMatch(new RegExp(`^${lost} +old-host +1 h.* ago +2 +20`));
    expect(second).toMatch(/ \d+ s ago +0$/);
  });

  it('says that there is no memory yet', async () => {
    const { code, stderr } = await list();
    expect(code).toBe(3);
    expect(stderr).toMatch(/no memory yet/);
  });
});

describe('journal abandon', () => {
  it('shows what it would free and what may be lost, and changes nothing without --yes', async () => {
    const [id = ''] = await loseJournal();
    const { code, stdout } = await abandon();
    expect(code).toBe(0);
    expect(stdout).toContain(id);
    expect(stdout).toMatch(/that answer is lost/);
    expect(stdout).toMatch(/nothing was changed/);
    expect(await claims()).toHaveLength(2);
  });

  it('frees the claims with --yes and writes who did it into the ledger', async () => {
    const ids = await loseJournal();
    const { code, stdout } = await abandon({ yes: true });
    expect(code).toBe(0);
    expect(stdout).toMatch(/freed 2 claims/);
    expect(await claims()).toHaveLength(0);
    const lines = await world.database.query<Record<string, string>>(
      `SELECT token_id, actor, detail FROM oauth_token_exporter.ledger
       WHERE event = 'claim_abandoned' ORDER BY token_id`,
    );
    expect(lines).toEqual(
      [...ids].sort().map((token_id) => ({ token_id, actor: 'ada', detail: `journal ${lost}` })),
    );
    expect(await abandon({ yes: true })).toMatchObject({ code: 1 });
  });

  it('refuses while the exporter that holds the journal lives', async () => {
    await loseJournal();
    const [row] = await world.database.query<{ id: string }>(
      `SELECT journal_id AS id FROM oauth_token_exporter.journals WHERE journal_id <> '${lost}'`,
    );
    const { code, stderr } = await abandon({ journalId: row?.id ?? '', yes: true });
    expect(code).toBe(1);
    expect(stderr).toMatch(/its exporter lives/);
  });

  it('takes an id and nothing else', async () => {
    expect(await abandon({ journalId: 'all' })).toMatchObject({ code: 2 });
  });
});
