import { expect, it } from 'vitest';
import { nothingKnown } from '../../src/assess/assess.js';
import { nothingRemembered } from '../../src/assess/memories.js';
import { tellBeside } from '../../src/notify/tell-beside.js';

const poll = (name: string) => ({ ...nothingKnown, memoryProblem: name });

it('tells one poll after the other, and of those that wait only the latest', async () => {
  const told: string[] = [];
  const ends: (() => void)[] = [];
  const underWay = (name: string) =>
    new Promise<void>((resolve) => {
      told.push(name);
      ends.push(resolve);
    });
  const telling = tellBeside({
    tell: ({ memoryProblem }) => underWay(memoryProblem ?? ''),
    tellFault: ({ memoryProblem }) => underWay(`fault ${memoryProblem ?? ''}`),
  });
  await telling.settled();

  telling.tell(poll('first'), nothingRemembered);
  telling.tell(poll('second'), nothingRemembered);
  telling.tellFault(poll('third'));
  expect(told).toEqual(['first']);

  const settled = telling.settled();
  ends[0]!();
  await expect.poll(() => told).toEqual(['first', 'fault third']);
  ends[1]!();
  await settled;

  telling.tell(poll('fourth'), nothingRemembered);
  expect(told).toEqual(['first', 'fault third', 'fourth']);
});
