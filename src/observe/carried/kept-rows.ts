/** The rows of one statement, kept from poll to poll. */
export interface KeptRows<Row> {
  /** The same rows; each that did not change since an earlier poll is the object of that poll. */
  readonly keep: (rows: readonly Row[]) => readonly Row[];
  /** After all that the statement answered: what is gone is not kept for ever. */
  readonly endReading: (count: number) => void;
}

/**
 * Starts with no row kept.
 *
 * Objects that live until the next poll are copied twice and then searched for by the garbage
 * collector while everything waits; those that are dropped within their slice cost nothing.
 */
export function createKeptRows<Row extends { readonly id: string }>(): KeptRows<Row> {
  const kept = new Map<string, Row>();
  return {
    keep: (rows) =>
      rows.map((row) => {
        const before = kept.get(row.id);
        if (before !== undefined && isSame(before, row)) return before;
        kept.set(row.id, row);
        return row;
      }),
    endReading(count) {
      if (kept.size > 2 * count) kept.clear();
    },
  };
}

function isSame<Row extends object>(before: Row, row: Row): boolean {
  for (const column in row) if (row[column] !== before[column]) return false;
  return true;
}
