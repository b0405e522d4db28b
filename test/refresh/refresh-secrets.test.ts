import { randomBytes } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { startCli } from '../support/process.js';
import type { RunningCli } from '../support/process.js';
import { until } from '../support/until.js';
import { startRefreshWorld } from './refresh-world.js';
import type { RefreshWorld } from './refresh-world.js';

let world: RefreshWorld;
let running: RunningCli | null = null;

afterEach(async () => {
  await running?.stop('SIGKILL');
  await world.stop();
});

describe('the secrets of a refresh', () => {
  it('are in no log line, page, journal byte or row of the memory', async () => {
    world = await startRefreshWorld();
    await world.addTokens(20, '-1 hour');
    const secrets = new Set<string>([world.server.clientSecret]);
    const journalKey = randomBytes(32).toString('base64');
    secrets.add(journalKey);
    const keep = async () => {
      const rows = await world.database.query<{ access_token: string; refresh_token: string }>(
        'SELECT access_token, refresh_token FROM fathom_integrations',
      );
      for (const row of rows) secrets.add(row.access_token).add(row.refresh_token);
    };
    await keep();
    // A server that repeats what it was told, in its errors and in a page.
    let asked = 0;
    world.server.use(async (context, next) => {
      asked += 1;
      const some = [...secrets].join(' ');
      if (asked % 4 === 1) {
        context.status = 400;
        context.body = { error: 'invalid_scope', error_description: some.slice(0, 400) };
      } else if (asked % 4 === 2) {
        context.status = 503;
        context.body = `<html>${some}</html>`;
      } else await next();
    });
    running = startCli(['serve'], {
      ...world.env,
      LOG_LEVEL: 'debug',
      JOURNAL_KEY: journalKey,
      LISTEN_ADDRESS: '127.0.0.1:0',
    });
    const [, url = ''] = await running.waitForLine(/"url":"([^"]+)"/);
    await until('it asked for all of them', () => asked >= 20, { withinMs: 25_000 });
    await keep();
    const pages = await Promise.all(
      ['/metrics', '/', '/-/ready'].map(async (path) => (await fetch(url + path)).text()),
    );
    const title = await readFile(`/proc/${String(running.pid)}/cmdline`, 'latin1');
    // Killed, so that the journal keeps what it has; its bytes are forgotten only by their heads.
    const { stdout, stderr } = await running.stop('SIGKILL');
    running = null;
    await keep();

    const journal = await readAll(join(world.directory, 'journal'));
    const memory = await world.database.query<{ text: string }>(
      `SELECT t::text FROM oauth_token_exporter.tokens t UNION ALL
       SELECT l::text FROM oauth_token_exporter.ledger l UNION ALL
       SELECT p::text FROM oauth_token_exporter.providers p`,
    );
    const places = {
      'the log': stdout + stderr,
      'a page': pages.join('\n'),
      'the process title': title,
      'the journal': journal,
      'the memory': memory.map((row) => JSON.stringify(row)).join('\n'),
    };
    for (const [place, text] of Object.entries(places)) {
      expect(text.length, place).toBeGreaterThan(0);
      const leaked = [...secrets].filter((secret) => text.includes(secret));
      expect(leaked.length, `secrets in ${place}`).toBe(0);
    }
    expect(secrets.size).toBeGreaterThan(50);
    // The negative control: what is looked for can be found.
    expect(journal).toContain('fathom');
  }, 60_000);
});

async function readAll(folder: string): Promise<string> {
  const names = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = names.filter((entry) => entry.isFile());
  const texts = await Promise.all(
    files.map(({ parentPath, name }) => readFile(join(parentPath, name), 'latin1')),
  );
  return texts.join('\n');
}
