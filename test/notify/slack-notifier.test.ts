import { randomUUID } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { NotifyConfig } from '../../src/config/notify-config.js';
import { openPool } from '../../src/database/open-pool.js';
import { writeTransaction } from '../../src/database/write-transaction.js';
import { startNotifying } from '../../src/notify/notifier.js';
import type { Notifier } from '../../src/notify/notifier.js';
import { until } from '../support/until.js';
import { recordingListener, startDeliveryWorld } from './delivery-world.js';
import type { DeliveryWorld } from './delivery-world.js';
import { noticeOf } from './notices.js';

let world: DeliveryWorld;
let ends: (() => Promise<unknown>)[];
beforeEach(async () => {
  ends = [];
  world = await startDeliveryWorld({ spacingMs: 0, fallback: true });
});
afterEach(async () => {
  for (const end of ends) await end();
  await world.stop();
});

function start(changes: Partial<NotifyConfig> = {}, isUsable = true) {
  const pool = openPool(
    { connectionString: world.database.url },
    { connectTimeoutMs: 2_000, onIdleError: () => undefined },
  );
  const heard: string[] = [];
  const notifier = startNotifying({
    config: { ...world.config, ...changes },
    statePool: pool,
    listener: recordingListener(heard),
    isUsable: () => isUsable,
    processId: randomUUID(),
    monotonicMs: () => performance.now(),
  });
  ends.push(
    () => notifier.stop(),
    () => pool.end(),
  );
  return { heard, notifier, pool };
}

const jane = { subject: 'user-1', account: 'jane@example.com' };
const notice = noticeOf({ title: 'one', affected: 1, accounts: [jane] });

async function tell({
  notifier,
  pool,
}: {
  notifier: Notifier;
  pool: Parameters<typeof writeTransaction>[0];
}) {
  await writeTransaction(pool, (query) => notifier.enqueue(query, notice));
  notifier.announce([notice]);
}

describe('a notice', () => {
  it('is in the outbox with its accounts masked, and then in Slack', async () => {
    const stored = start({}, false);
    await tell(stored);
    const [row] = await world.database.query('SELECT notice FROM oauth_token_exporter.outbox');
    expect(JSON.stringify(row)).toContain('j***@e***.com');
    expect(JSON.stringify(row)).not.toContain('jane@example.com');

    start();
    await until('Slack has it', () => world.slack.messages.length === 1);
    expect(world.slack.messages[0]?.text).toContain('j***@e***.com (user-1)');
  });

  it('is not in the outbox when its transaction is rolled back', async () => {
    const { notifier, pool } = start();
    const failing = writeTransaction(pool, async (query) => {
      await notifier.enqueue(query, notice);
      throw new Error('the incident could not be written');
    });
    await expect(failing).rejects.toThrow('the incident could not be written');
    expect(await world.pending()).toBe(0);
  });

  it('goes to the log once it is committed, where no webhook is configured', async () => {
    const parts = start({ webhooks: [] });
    await writeTransaction(parts.pool, (query) => parts.notifier.enqueue(query, notice));
    expect(parts.heard).toEqual([]);
    parts.notifier.announce([notice]);
    expect(parts.heard).toEqual(['logged 🔴 OPEN fathom: one']);
    expect(await world.pending()).toBe(0);
  });

  it('that was meant for a webhook goes to the log when none is configured any more', async () => {
    await tell(start({}, false));
    const { heard } = start({ webhooks: [] });
    await until('it is logged', () => heard.length > 0);
    expect(heard).toEqual(['logged 🔴 OPEN fathom: one']);
    expect(await world.pending()).toBe(0);
  });
});

describe('a notice past the outbox', () => {
  it('goes to its webhook, else to the fallback, else to the log', async () => {
    const { notifier, heard } = start({}, false);
    expect(await notifier.sendDirectly(notice)).toBe(true);
    world.slack.fail('slack', { status: 500, body: '' });
    expect(await notifier.sendDirectly(notice)).toBe(true);
    world.slack.fail('slack-fallback', 'reset');
    expect(await notifier.sendDirectly(notice)).toBe(false);
    expect(heard).toEqual([
      'delivered slack one',
      'failure slack server_error HTTP 500',
      'delivered slack-fallback one',
      'failure slack server_error HTTP 500',
      'failure slack-fallback network the connection was reset (ECONNRESET)',
      'logged 🔴 OPEN fathom: one',
    ]);
    expect(world.slack.messages[0]?.text).not.toContain('jane@example.com');
  });

  it('is told to the log where no webhook is configured, which is all that was asked for', async () => {
    const { notifier, heard } = start({ webhooks: [] }, false);
    expect(await notifier.sendDirectly(notice)).toBe(true);
    expect(heard).toEqual(['logged 🔴 OPEN fathom: one']);
  });
});
