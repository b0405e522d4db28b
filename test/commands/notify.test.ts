import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { notifyTest } from '../../src/commands/notify.js';
import {
  latchWebhook,
  readWebhooks,
  registerWebhooks,
  webhookFingerprint,
} from '../../src/store/webhooks.js';
import { openPool } from '../../src/database/open-pool.js';
import { writeTransaction } from '../../src/database/write-transaction.js';
import { migrate } from '../../src/store/migrate.js';
import { findFreePort } from '../support/free-port.js';
import { createDatabase, testServer17 } from '../support/postgres.js';
import type { TestDatabase } from '../support/postgres.js';
import { startSlackEndpoint } from '../support/slack-endpoint.js';
import type { SlackEndpoint, SlackFault } from '../support/slack-endpoint.js';
import { capture } from './captured-command.js';

let database: TestDatabase;
let slack: SlackEndpoint;
beforeEach(async () => {
  database = await createDatabase(testServer17);
  slack = await startSlackEndpoint();
});
afterEach(async () => {
  await slack.stop();
  await database.drop();
});

const run = async (env: NodeJS.ProcessEnv = {}, webhook: string | null = null) => {
  const result = await capture({ DATABASE_URL: database.url, ...env }, (context) =>
    notifyTest(context, { webhook }),
  );
  expect(JSON.stringify(result)).not.toContain(slack.secret);
  return result;
};
const configured = () => ({ SLACK_WEBHOOK_URL: slack.url('slack') });

describe('notify test', () => {
  it('sends one marked message and says that Slack took it', async () => {
    expect(await run(configured())).toEqual({
      code: 0,
      stdout: 'slack: Slack took the message; look at it in the channel\n',
      stderr: '',
    });
    expect(slack.messages).toHaveLength(1);
    expect(slack.messages[0]?.text).toMatch(/^🧪 TEST/);
    expect(slack.problems).toEqual([]);
  });

  it('tries every webhook, or the one that is named', async () => {
    const env = { ...configured(), SLACK_FALLBACK_WEBHOOK_URL: slack.url('other') };
    expect(await run(env)).toMatchObject({ code: 0 });
    expect(slack.messages.map(({ webhook }) => webhook)).toEqual(['slack', 'other']);
    const second = await run({ ...env, SLACK_WEBHOOK_URL: slack.url('new') }, 'slack');
    expect(second.code).toBe(0);
    expect(slack.messages.map(({ webhook }) => webhook)).toEqual(['slack', 'other', 'new']);
  });

  it.each<[SlackFault, number, string]>([
    [
      { status: 404, body: 'no_service' },
      1,
      'Slack refuses this webhook for good (HTTP 404 no_service: it was removed or never existed): make a new one in Slack and configure its URL',
    ],
    [
      { status: 429, body: 'rate_limited' },
      1,
      'Slack wants fewer messages (HTTP 429 rate_limited): try again in a minute',
    ],
    [
      { status: 400, body: 'invalid_blocks' },
      1,
      'Slack refused the message (HTTP 400 invalid_blocks): please report it',
    ],
    [{ status: 500, body: '' }, 3, 'Slack has trouble (HTTP 500): try again later'],
    ['reset', 3, 'Slack could not be reached: the connection was reset (ECONNRESET)'],
  ])('says what Slack answered: %j', async (fault, code, words) => {
    slack.fail('slack', fault);
    expect(await run(configured())).toEqual({ code, stdout: `slack: ${words}\n`, stderr: '' });
  });

  it('says that nothing listens', async () => {
    const url = `http://127.0.0.1:${String(await findFreePort())}/${slack.secret}`;
    const { code, stdout } = await run({ SLACK_WEBHOOK_URL: url });
    expect(code).toBe(3);
    expect(stdout).toContain('nothing listens there');
  });

  it('says what is not configured', async () => {
    expect(await run()).toMatchObject({
      code: 2,
      stderr: 'no webhook is configured, so messages go to the log: set SLACK_WEBHOOK_URL\n',
    });
    expect(await run(configured(), 'slak')).toMatchObject({
      code: 2,
      stderr: 'no webhook "slak" is configured: did you mean "slack"?\n',
    });
  });

  it('ends the refusal of a webhook that works', async () => {
    const pool = openPool(
      { connectionString: database.url },
      { connectTimeoutMs: 5_000, onIdleError: () => undefined },
    );
    await migrate(pool);
    const fingerprint = webhookFingerprint(slack.url('slack'));
    await writeTransaction(pool, async (query) => {
      await registerWebhooks(query, [fingerprint]);
      await latchWebhook(query, fingerprint, 'HTTP 410 channel_is_archived');
    });
    const state = async () => {
      const owner = '00000000-0000-4000-8000-000000000000';
      const [row] = await writeTransaction(pool, (query) =>
        readWebhooks(query, owner, [fingerprint]),
      );
      return row?.latchDetail;
    };
    slack.fail('slack', { status: 410, body: 'channel_is_archived' }, 1);
    expect((await run(configured())).code).toBe(1);
    expect(await state()).toBe('HTTP 410 channel_is_archived');

    const { stdout } = await run(configured());
    expect(stdout).toContain('slack: is used again; it had been refused before\n');
    expect(await state()).toBeNull();
    await pool.end();
  });

  it('tells about the message also when the memory is away', async () => {
    const away = `postgresql://reader@127.0.0.1:${String(await findFreePort())}/app`;
    const { code, stdout, stderr } = await run({ ...configured(), DATABASE_URL: away });
    expect(code).toBe(0);
    expect(stdout).toContain('Slack took the message');
    expect(stderr).toContain("the memory can't be reached");
  });
});
