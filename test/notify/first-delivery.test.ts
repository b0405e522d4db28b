import { afterEach, beforeEach, expect, it } from 'vitest';
import { describeOnEachServer } from '../support/postgres.js';
import { until } from '../support/until.js';
import { startDeliveryWorld } from './delivery-world.js';
import type { DeliveryWorld } from './delivery-world.js';

describeOnEachServer('a webhook that was never used', (server) => {
  let world: DeliveryWorld;
  beforeEach(async () => {
    world = await startDeliveryWorld({ server });
  });
  afterEach(() => world.stop());

  it('takes its first message at once, and the second when that is due', async () => {
    const { heard } = world.startReplica();
    await world.tell('a', 'first');
    await world.tell('b', 'second');
    await until('the outbox is empty', async () => (await world.pending()) === 0);
    expect(world.titles()).toEqual(['first', 'second']);
    expect(heard).toEqual([
      expect.stringMatching(/^delivered/),
      expect.stringMatching(/^delivered/),
    ]);
    expect(world.slack.requests.map(({ status }) => status)).toEqual([200, 200]);
  });
});
