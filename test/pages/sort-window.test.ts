import fc from 'fast-check';
import { expect, it } from 'vitest';
import { runAtOnce, sliceSize } from '../../src/assess/slices.js';
import { sortWindow } from '../../src/pages/sort-window.js';

it('has in the window what sorting all of it would have there', () => {
  const few = fc.array(fc.integer({ min: 0, max: 9 }), { maxLength: 40 });
  const many = fc
    .tuple(fc.integer({ min: 0, max: 3 * sliceSize }), fc.integer({ min: 1, max: 1_000 }))
    .map(([length, step]) => Array.from({ length }, (_, index) => (index * step) % 997));
  fc.assert(
    fc.property(fc.oneof(few, many), fc.nat(7_000), fc.nat(60), (values, from, length) => {
      const compare = (a: number, b: number) => (values[a] ?? 0) - (values[b] ?? 0);
      const positions = Uint32Array.from(values.keys());
      const shown = runAtOnce(sortWindow(positions, from, from + length, compare));
      const sorted = [...values.keys()].sort((a, b) => compare(a, b) || a - b);
      expect([...shown]).toEqual(sorted.slice(from, from + length));
    }),
  );
});

it.each([
  ['in order', (index: number) => index],
  ['in reverse', (index: number) => -index],
  ['all equal', () => 0],
  ['up and down', (index: number) => Math.abs(index - 50_000)],
])('compares few of many: %s', (_, valueOf) => {
  let compared = 0;
  const compare = (a: number, b: number) => {
    compared += 1;
    return valueOf(a) - valueOf(b);
  };
  const positions = Uint32Array.from({ length: 100_000 }, (__, index) => index);
  runAtOnce(sortWindow(positions, 40_000, 40_050, compare));
  expect(compared).toBeLessThan(1_000_000);
});
