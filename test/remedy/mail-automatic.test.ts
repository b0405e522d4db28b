import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import type { App } from '../../src/app.js';
import { startExporter } from '../refresh/refresh-world.js';
import { startMailServer } from '../support/mail-server.js';
import type { MailServer } from '../support/mail-server.js';
import { until } from '../support/until.js';
import { startRemedyWorld } from '../commands/remedy-world.js';
import type { RemedyWorld } from '../commands/remedy-world.js';

let world: RemedyWorld;
let mail: MailServer;
const apps: App[] = [];

beforeAll(async () => {
  world = await startRemedyWorld();
  mail = await startMailServer();
});
afterAll(async () => {
  await mail.stop();
  await world.stop();
});
afterEach(async () => {
  await Promise.all(apps.splice(0).map((app) => app.stop()));
  mail.received.length = 0;
  await world.database.query(
    `DELETE FROM fathom_integrations; DELETE FROM profiles;
     DELETE FROM oauth_token_exporter.tokens; DELETE FROM oauth_token_exporter.reconnect_mails`,
  );
});

const serve = async (file = 'mail-automatic.yaml', lines: string[] = []) => {
  const CONFIG_FILE = `${process.cwd()}/test/commands/fixtures/${file}`;
  apps.push(await startExporter({ ...world.env, CONFIG_FILE, SMTP_URL: mail.url }, lines));
};
const deadTokens = async (count: number) => {
  const ids = await world.addTokens(count, '20 hours');
  await world.kill(ids);
  for (const id of ids) await world.addProfile(id, `${id}@example.com`);
  return ids;
};

it('writes to the user of a grant that died, once, also after a restart', async () => {
  const [id = ''] = await deadTokens(1);
  const [old = ''] = await deadTokens(1);
  await world.database.query(
    `UPDATE oauth_token_exporter.tokens SET dead_since = now() - interval '25 hours' WHERE token_id = $1`,
    [old],
  );
  const lines: string[] = [];
  await serve(undefined, lines);
  await until('it has written', () => lines.some((line) => line.startsWith('asked users')));
  expect(mail.received.map(({ to }) => to)).toEqual([[`${id}@example.com`]]);
  await apps.pop()?.stop();
  const again: string[] = [];
  await serve(undefined, again);
  await until('it has looked', () => again.some((line) => line.startsWith('asked users')));
  expect(mail.received).toHaveLength(1);
  expect(
    (
      await world.cli('reconnect --notify --yes', {
        CONFIG_FILE: 'test/commands/fixtures/mail.yaml',
        SMTP_URL: mail.url,
      })
    ).stdout,
  ).toMatch(/sent 1\n$/);
  expect(mail.received.map(({ to }) => to[0]).sort()).toEqual(
    [`${id}@example.com`, `${old}@example.com`].sort(),
  );
});

it('leaves a mass death to people, and says so', async () => {
  await deadTokens(11);
  const lines: string[] = [];
  await serve(undefined, lines);
  await until('it warns', () => lines.some((line) => line.startsWith('too many grants died')));
  expect(mail.received).toEqual([]);
});

it('writes to nobody unless it is configured', async () => {
  await deadTokens(1);
  const lines: string[] = [];
  await serve('mail.yaml', lines);
  await until(
    'two polls are over',
    () => lines.filter((line) => line.startsWith('poll')).length > 1,
  );
  expect(mail.received).toEqual([]);
});
