import { setImmediate as nextTurn } from 'node:timers/promises';

/**
 * Gathers single calls into batches: what arrives in one turn of the event loop goes together, and
 * what arrives while a batch runs goes into the next one. Nothing ever waits for a batch to fill.
 *
 * `run` answers one result per item, in order. When it throws, a batch of several is run again
 * item by item: one row that can't be written must not cost the others.
 */
export function coalesce<Item, Result>(
  run: (items: readonly Item[]) => Promise<readonly Result[]>,
  largestBatch = 100,
): (item: Item) => Promise<Result> {
  interface Waiting {
    readonly item: Item;
    readonly resolve: (result: Result) => void;
    readonly reject: (error: unknown) => void;
  }
  const waiting: Waiting[] = [];
  let running = false;

  const settle = async (batch: readonly Waiting[]): Promise<void> => {
    try {
      const results = await run(batch.map(({ item }) => item));
      batch.forEach(({ resolve }, index) => {
        resolve(results[index] as Result);
      });
    } catch (error) {
      if (batch.length === 1) batch[0]?.reject(error);
      else for (const each of batch) await settle([each]);
    }
  };
  const drain = async (): Promise<void> => {
    running = true;
    while (waiting.length > 0) {
      // Whoever the last batch released may have more, and mostly comes in company.
      await nextTurn();
      await settle(waiting.splice(0, largestBatch));
    }
    running = false;
  };

  return (item) =>
    new Promise((resolve, reject) => {
      waiting.push({ item, resolve, reject });
      if (!running) void drain();
    });
}
