/**
 * Work over many tokens that may be interrupted wherever it yields, so that the event loop turns
 * in between. It stays pure: who runs it decides whether to pause.
 */
export type Slices<Result> = Generator<undefined, Result, undefined>;

/** Tokens between two interruptions: some milliseconds of work. */
export const sliceSize = 2_000;

/** Runs work to its end without interruption. */
export function runAtOnce<Result>(work: Slices<Result>): Result {
  for (;;) {
    const step = work.next();
    if (step.done === true) return step.value;
  }
}

/** Filters with interruptions. */
export function* filterInSlices<Item>(
  items: readonly Item[],
  isWanted: (item: Item) => boolean,
): Slices<Item[]> {
  const wanted: Item[] = [];
  for (let start = 0; start < items.length; start += sliceSize) {
    if (start > 0) yield;
    for (const item of items.slice(start, start + sliceSize)) if (isWanted(item)) wanted.push(item);
  }
  return wanted;
}

/** Sorts a copy as `toSorted` does, equal items staying in order, with interruptions. */
export function* sortInSlices<Item>(
  items: readonly Item[],
  compare: (a: Item, b: Item) => number,
): Slices<Item[]> {
  let runs: Item[][] = [];
  for (let start = 0; start < items.length; start += sliceSize) {
    runs.push(items.slice(start, start + sliceSize).sort(compare));
    yield;
  }
  while (runs.length > 1) {
    const merged: Item[][] = [];
    for (let index = 0; index < runs.length; index += 2) {
      const [first = [], second] = runs.slice(index, index + 2);
      merged.push(second === undefined ? first : yield* merge(first, second, compare));
    }
    runs = merged;
  }
  return runs[0] ?? [];
}

function* merge<Item>(
  first: readonly Item[],
  second: readonly Item[],
  compare: (a: Item, b: Item) => number,
): Slices<Item[]> {
  const merged: Item[] = [];
  let taken = 0;
  for (const item of second) {
    for (; taken < first.length; taken += 1) {
      const next = first[taken] as Item;
      if (compare(next, item) > 0) break;
      merged.push(next);
      if (merged.length % sliceSize === 0) yield;
    }
    merged.push(item);
    if (merged.length % sliceSize === 0) yield;
  }
  for (; taken < first.length; taken += 1) {
    merged.push(first[taken] as Item);
    if (merged.length % sliceSize === 0) yield;
  }
  return merged;
}
