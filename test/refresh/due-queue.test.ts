import fc from 'fast-check';
import { expect, it } from 'vitest';
import { chooseDue } from '../../src/refresh/choose-due.js';
import type { DueToken } from '../../src/refresh/choose-due.js';
import { createDueQueue } from '../../src/refresh/due-queue.js';

const dueTokens = fc.uniqueArray(
  fc.record({
    tokenId: fc.string({ minLength: 1, maxLength: 3 }),
    dueAtMs: fc.integer({ min: 0, max: 5 }),
    expiresAtMs: fc.option(fc.integer({ min: 0, max: 5 })),
    refreshedAtMs: fc.constant(null),
    failedLastTime: fc.boolean(),
  }),
  { selector: ({ tokenId }) => tokenId, maxLength: 30 },
);

it('gives what choosing among all that wait would give, whatever had its turn', () => {
  fc.assert(
    fc.property(
      dueTokens,
      fc.array(fc.tuple(fc.nat({ max: 8 }), fc.infiniteStream(fc.boolean())), { maxLength: 10 }),
      (due: DueToken[], turns) => {
        const queue = createDueQueue(due);
        let waiting: readonly DueToken[] = due;
        for (const [limit, isTaken] of turns) {
          const expected = chooseDue(waiting, { kind: 'all' }, limit).map(({ tokenId }) => tokenId);
          const first = queue.first(limit);
          expect(first).toEqual(expected);
          const taken = first.filter(() => isTaken.next().value === true);
          queue.handle(taken);
          waiting = waiting.filter(({ tokenId }) => !taken.includes(tokenId));
          expect(queue.waiting()).toHaveLength(waiting.length);
          for (const { tokenId } of due) {
            expect(queue.isHandled(tokenId)).toBe(
              !waiting.some((each) => each.tokenId === tokenId),
            );
          }
        }
      },
    ),
  );
});

it('does not sort again for each claim', () => {
  let compared = 0;
  const due = Array.from({ length: 2_000 }, (_, index) => ({
    tokenId: `t${String(index)}`,
    dueAtMs: 0,
    get expiresAtMs() {
      compared += 1;
      return (index * 7) % 2_000;
    },
    refreshedAtMs: null,
    failedLastTime: false,
  }));
  const queue = createDueQueue(due);
  const atFirst = compared;
  for (let claim = 0; claim < 200; claim += 1) queue.handle(queue.first(10));
  expect(queue.first(1)).toEqual([]);
  expect(compared).toBe(atFirst);
});
