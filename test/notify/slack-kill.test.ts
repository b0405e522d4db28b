import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, it, onTestFinished } from 'vitest';
import { until } from '../support/until.js';
import { startDeliveryWorld } from './delivery-world.js';
import type { DeliveryWorld } from './delivery-world.js';

const program = fileURLToPath(new URL('slack-delivery-child.ts', import.meta.url));

let world: DeliveryWorld;
afterEach(() => world.stop());

function startChild(databaseUrl: string, webhookUrl: string) {
  // Shorter than production's, so that the test need not wait for it; longer than a request takes.
  const args = ['--import', 'tsx', program, databaseUrl, webhookUrl, '11000'];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'ignore', 'inherit'] });
  const ended = once(child, 'close');
  const kill = async () => {
    child.kill('SIGKILL');
    await ended;
  };
  onTestFinished(kill);
  return { kill };
}

describe('a process that is killed between the acceptance of a message and its record', () => {
  it('repeats that one message at most, loses none, and keeps the order', async () => {
    let accepted = 0;
    const kills: Promise<void>[] = [];
    let child = { kill: () => Promise.resolve() };
    world = await startDeliveryWorld({
      spacingMs: 40,
      onAccepted: () => {
        accepted += 1;
        // The answer is still on its way: the child can't have recorded anything.
        if (accepted === 2) kills.push(child.kill());
      },
    });
    const titles = ['one', 'two', 'three', 'four'];
    for (const title of titles) await world.tell('a', title);
    child = startChild(world.database.url, world.slack.url('slack'));
    await until('it was killed', () => kills.length > 0);
    await Promise.all(kills);
    expect(await world.pending()).toBe(3);

    startChild(world.database.url, world.slack.url('slack'));
    await until('all are delivered', async () => (await world.pending()) === 0, {
      withinMs: 25_000,
    });
    expect(world.titles()).toEqual(['one', 'two', 'two', 'three', 'four']);
  }, 60_000);
});
