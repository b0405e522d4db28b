import { afterEach, describe, expect, it } from 'vitest';
import { startCuttableProxy } from '../refresh/cuttable-proxy.js';
import { describeWith } from '../support/describe-with.js';
import { startPgbouncer } from '../support/pgbouncer.js';
import { testServer17 } from '../support/postgres.js';
import { until } from '../support/until.js';
import { startDeliveryWorld } from './delivery-world.js';
import type { DeliveryWorld } from './delivery-world.js';

let world: DeliveryWorld;
afterEach(async () => {
  const problems = [...world.slack.problems];
  await world.stop();
  expect(problems).toEqual([]);
});

const empty = (withinMs = 20_000) =>
  until('the outbox is empty', async () => (await world.pending()) === 0, { withinMs });

/** The time between any two messages over one webhook, the shortest first. */
function gaps(webhook = 'slack'): number[] {
  const times = world.slack.messages.filter((each) => each.webhook === webhook);
  return times
    .slice(1)
    .map(({ atMs }, index) => atMs - (times[index]?.atMs ?? 0))
    .sort((a, b) => a - b);
}

const refusals = () => world.slack.requests.filter(({ status }) => status === 429).length;

describe('a storm of 50 incidents in ten minutes, two hundred times as fast', () => {
  it('loses nothing, repeats nothing, keeps order and rate: three replicas', async () => {
    world = await startDeliveryWorld({ spacingMs: 5 });
    const replicas = [1, 2, 3].map(() => world.startReplica());
    const startedAtMs = performance.now();
    const states = ['open', 'update', 'recovered'];
    const told: string[] = [];
    for (let index = 0; index < 150; index += 1) {
      const dueAtMs = startedAtMs + index * 20;
      await until('its time', () => performance.now() >= dueAtMs, { everyMs: 2 });
      const title = `incident ${String(index % 50)} ${states[Math.floor(index / 50)] ?? ''}`;
      told.push(title);
      await world.tell(`incident ${String(index % 50)}`, title);
    }
    await empty(60_000);
    expect([...world.titles()].sort()).toEqual([...told].sort());
    for (let incident = 0; incident < 50; incident += 1) {
      const prefix = `incident ${String(incident)} `;
      const own = world.titles().filter((title) => title.startsWith(prefix));
      expect(own).toEqual(states.map((state) => prefix + state));
    }
    expect(gaps()[0]).toBeGreaterThanOrEqual(5);
    expect(refusals()).toBe(0);
    const heard = replicas.flatMap((replica) => replica.heard);
    expect(heard.filter((line) => !line.startsWith('delivered'))).toEqual([]);
  }, 90_000);
});

describe('three replicas', () => {
  it('have one sender, and another takes over when it ends', async () => {
    world = await startDeliveryWorld();
    const replicas = [1, 2, 3].map(() => world.startReplica());
    for (let index = 0; index < 8; index += 1)
      await world.tell(`a${String(index)}`, `first ${String(index)}`);
    await empty();
    const senders = replicas.filter(({ heard }) => heard.length > 0);
    expect(senders).toHaveLength(1);

    await senders[0]?.delivery.stop();
    await world.tell('b', 'second');
    await empty();
    expect(senders[0]?.heard).toHaveLength(8);
    expect(replicas.flatMap(({ heard }) => heard)).toContain('delivered slack second');
  });
});

describe('Slack that refuses for now', () => {
  it('is left alone for as long as Retry-After says, and nothing overtakes', async () => {
    world = await startDeliveryWorld();
    world.slack.fail(
      'slack',
      { status: 429, body: 'rate_limited', headers: { 'retry-after': '1' } },
      1,
    );
    for (const title of ['one', 'two', 'three']) await world.tell('a', title);
    const { heard } = world.startReplica();
    await until('it was refused', () => heard.length > 0);
    const refusedAtMs = performance.now();
    await empty();
    expect(world.slack.messages[0]?.atMs).toBeGreaterThanOrEqual(refusedAtMs + 900);
    expect(world.titles()).toEqual(['one', 'two', 'three']);
    expect(heard[0]).toBe('failure slack rate_limited HTTP 429 rate_limited');
  });

  it.each([
    ['500', { status: 500, body: 'rollup_error' }, 'server_error HTTP 500 rollup_error'],
    ['reset', 'reset', 'network the connection was reset (ECONNRESET)'],
  ] as const)('gets the message later, once: %s', async (_, fault, expected) => {
    world = await startDeliveryWorld();
    world.slack.fail('slack', fault, 1);
    await world.tell('a', 'one');
    const { heard } = world.startReplica();
    await empty();
    expect(world.titles()).toEqual(['one']);
    expect(heard).toEqual([`failure slack ${expected}`, 'delivered slack one']);
  });

  it('gets plain text after it refused the blocks', async () => {
    world = await startDeliveryWorld();
    world.slack.fail('slack', 'invalid_blocks');
    await world.tell('a', 'one');
    const { heard } = world.startReplica();
    await empty();
    expect(world.slack.messages).toMatchObject([{ blocks: null }]);
    expect(world.titles()).toEqual(['one']);
    expect(heard).toEqual([
      'failure slack message_rejected HTTP 400 invalid_blocks',
      'delivered slack one',
    ]);
  });

  it('loses a message that it refuses as plain text too, loudly, and gets the next one', async () => {
    world = await startDeliveryWorld();
    world.slack.fail('slack', { status: 400, body: 'invalid_payload' }, 2);
    await world.tell('a', 'one');
    await world.tell('a', 'two');
    const { heard } = world.startReplica();
    await empty();
    expect(heard.at(-2)).toBe('given up slack a');
    expect(world.titles()).toEqual(['two']);
  });
});

describe('a webhook that is refused for good', () => {
  it.each([
    [403, 'action_prohibited'],
    [410, 'channel_is_archived'],
    [400, 'user_not_found'],
  ])('is not used again, and the fallback is: %i %s', async (status, body) => {
    world = await startDeliveryWorld({ fallback: true });
    world.slack.fail('slack', { status, body });
    await world.tell('a', 'one');
    await world.tell('b', 'two');
    const { heard } = world.startReplica();
    await empty();
    expect(world.titles('slack-fallback')).toEqual(['one', 'two']);
    expect(world.slack.requests.filter(({ webhook }) => webhook === 'slack')).toHaveLength(1);
    expect(heard.filter((line) => line.startsWith('refused'))).toHaveLength(1);

    // Remembered over a restart, and by whoever has the same URL.
    const later = world.startReplica();
    await world.tell('c', 'three');
    await empty();
    expect(later.heard.filter((line) => line.includes('failure'))).toEqual([]);
    expect(world.slack.requests.filter(({ webhook }) => webhook === 'slack')).toHaveLength(1);
  });

  it('keeps its messages for another URL when there is no fallback', async () => {
    world = await startDeliveryWorld();
    world.slack.fail('slack', { status: 404, body: 'no_service' });
    await world.tell('a', 'one');
    const { heard, delivery } = world.startReplica();
    await until('it is refused', () => heard.some((line) => line.startsWith('refused')));
    await delivery.stop();
    const webhooks = [{ name: 'slack', url: world.slack.url('new') }];
    await world.database.query(`UPDATE oauth_token_exporter.outbox SET not_before = '-infinity'`);
    world.startReplica({ config: { ...world.config, webhooks } });
    await empty();
    expect(world.titles('new')).toEqual(['one']);
  });
});

describe('a message that cannot be delivered', () => {
  it('is given up after 24 hours, and not before', async () => {
    world = await startDeliveryWorld();
    world.slack.fail('slack', { status: 500, body: '' });
    await world.tell('young', 'one');
    await world.tell('old', 'two');
    await world.database.query(
      `UPDATE oauth_token_exporter.outbox SET attempts = 9, failing_since = now() -
         CASE incident_id WHEN 'old' THEN interval '24 hours 1 second' ELSE interval '23 hours 59 minutes' END`,
    );
    const { heard } = world.startReplica();
    await until('one is given up', () => heard.some((line) => line.startsWith('given up')));
    await until('the other is tried', () => heard.some((line) => line.startsWith('failure')));
    expect(heard.filter((line) => line.startsWith('given up'))).toEqual(['given up slack old']);
    expect(await world.pending()).toBe(1);
  });

  it('does not keep the others back', async () => {
    world = await startDeliveryWorld();
    world.slack.fail('slack', { status: 500, body: '' }, 1);
    await world.tell('a', 'poison');
    await world.tell('a', 'after poison');
    await world.tell('b', 'other');
    world.startReplica();
    await empty();
    expect(world.titles()).toEqual(['other', 'poison', 'after poison']);
  });

  it('goes to the log when no webhook is configured for it any more', async () => {
    world = await startDeliveryWorld();
    await world.tell('a', 'one');
    const routes = [{ providers: ['hubspot'], severities: [], webhook: 'slack' }];
    const webhooks = [{ name: 'other', url: world.slack.url('other') }];
    const { heard } = world.startReplica({ config: { ...world.config, webhooks, routes } });
    await empty();
    expect(heard).toEqual(['logged 🔴 OPEN fathom: one']);
  });
});

describe('a database that goes away while a message is being sent', () => {
  it('learns of it when it is back, and the message does not leave twice', async () => {
    let cut: () => void = () => undefined;
    world = await startDeliveryWorld({
      onAccepted: () => {
        cut();
      },
    });
    const proxy = await startCuttableProxy(world.database.url);
    cut = () => {
      proxy.cut();
    };
    const { heard } = world.startReplica({ url: proxy.url });
    await world.tell('a', 'one');
    await until('its record fails', () => heard.some((line) => line.includes('be recorded')));
    expect(await world.pending()).toBe(1);
    cut = () => undefined;
    proxy.restore();
    await empty();
    await world.tell('a', 'two');
    await empty();
    expect(world.titles()).toEqual(['one', 'two']);
    expect(heard.filter((line) => line.startsWith('trouble what became'))).toHaveLength(1);
    await proxy.stop();
  });
});

describeWith('pgbouncer', 'behind pgbouncer in transaction mode', () => {
  it('two replicas send each message once', async () => {
    world = await startDeliveryWorld({ spacingMs: 20 });
    const pooler = await startPgbouncer(testServer17);
    const url = pooler.through(world.database.url);
    const replicas = [world.startReplica({ url }), world.startReplica({ url })];
    const titles = Array.from({ length: 20 }, (_, index) => `title ${String(index)}`);
    for (const title of titles) await world.tell('a', title);
    await empty();
    expect(world.titles()).toEqual(titles);
    expect(
      replicas.flatMap(({ heard }) => heard).filter((line) => !line.startsWith('delivered')),
    ).toEqual([]);
    await Promise.all(replicas.map(({ delivery }) => delivery.stop()));
    await pooler.stop();
  });
});
