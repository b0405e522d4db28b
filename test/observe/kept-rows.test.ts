import { describe, expect, it } from 'vitest';
import { createKeptRows } from '../../src/observe/carried/kept-rows.js';

interface Row {
  readonly id: string;
  readonly active: boolean;
  readonly atMs: number | null;
}

const row = (id: string, change: Partial<Row> = {}): Row => ({
  id,
  active: true,
  atMs: null,
  ...change,
});

describe('rows that are kept from poll to poll', () => {
  it('are the objects of the poll before where nothing changed', () => {
    const kept = createKeptRows<Row>();
    const [a, b] = kept.keep([row('a'), row('b', { atMs: 1 })]);
    kept.endReading(2);
    // In any order.
    const again = kept.keep([row('b', { atMs: 1 }), row('a')]);
    expect(again[0]).toBe(b);
    expect(again[1]).toBe(a);
  });

  it.each<Partial<Row>>([{ active: false }, { atMs: 0 }, { atMs: Infinity }])(
    'are new where a column changed: %o',
    (change) => {
      const kept = createKeptRows<Row>();
      kept.keep([row('a')]);
      kept.endReading(1);
      expect(kept.keep([row('a', change)])).toEqual([row('a', change)]);
      expect(kept.keep([row('a')])).toEqual([row('a')]);
    },
  );

  it('are let go of once most of them are gone', () => {
    const kept = createKeptRows<Row>();
    const before = kept.keep([row('a'), row('b'), row('c')]);
    kept.endReading(3);
    kept.keep([row('a')]);
    kept.endReading(1);
    const [a] = kept.keep([row('a')]);
    expect(a).toEqual(before[0]);
    expect(a).not.toBe(before[0]);
  });
});
