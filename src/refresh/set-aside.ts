/** How many rows may be refused since one was stored, before the database is to blame. */
const mostSetAside = 10;

/** Hears how the storing of one row's tokens goes. */
export interface StoringWatch {
  readonly onStored: () => void;
  /** An attempt to store was in vain; others follow. */
  readonly onRefused: () => void;
}

/** How work gave up its place. */
export type PlaceLeft = 'ended' | 'set_aside';

/** Work whose tokens wait to be stored, and goes on without holding up the rest. */
export interface SetAside {
  /** Resolves when the work has ended or was set aside. */
  readonly run: (work: (watch: StoringWatch) => Promise<void>) => Promise<PlaceLeft>;
  /** Waits for the work that was set aside too. */
  readonly settled: () => Promise<void>;
}

/**
 * Lets a row that can't be stored give up its place, so that a few of them (a trigger that raises,
 * a lock that is never released) don't stop the others. Its answer stays in hand and in the journal.
 *
 * Not more than ten since a row was last stored: then it is not the row, and whatever else was
 * refreshed would have nowhere to go either.
 */
export function createSetAside(): SetAside {
  const open = new Set<Promise<void>>();
  let refusedSinceStored = 0;
  return {
    run: (work) =>
      new Promise((resolve) => {
        let isAside = false;
        const whole = work({
          onStored() {
            refusedSinceStored = 0;
          },
          onRefused() {
            if (isAside || refusedSinceStored >= mostSetAside) return;
            isAside = true;
            refusedSinceStored += 1;
            resolve('set_aside');
          },
        }).finally(() => {
          open.delete(whole);
          resolve('ended');
        });
        open.add(whole);
      }),
    async settled() {
      await Promise.all(open);
    },
  };
}
