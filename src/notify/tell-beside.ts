import type { Assessment } from '../assess/assess.js';
import type { Memories } from '../assess/memories.js';
import type { Telling } from './tell-incidents.js';

/** Telling as the polls use it: never waited for. */
export interface TellingBeside {
  readonly tell: (assessment: Assessment, memories: Memories) => void;
  readonly tellFault: (known: Assessment) => void;
  /** Resolves when nothing is under way or waits. */
  readonly settled: () => Promise<void>;
}

/**
 * Tells beside the polls, one poll after the other: a memory that hangs must not stop the watch.
 * Of the polls that come meanwhile only the latest waits; what it says includes them.
 */
export function tellBeside(telling: Telling): TellingBeside {
  let waiting: (() => Promise<void>) | null = null;
  let running: Promise<void> | null = null;
  const run = async (): Promise<void> => {
    while (waiting !== null) {
      const next: () => Promise<void> = waiting;
      waiting = null;
      await next();
    }
    running = null;
  };
  const offer = (next: () => Promise<void>): void => {
    waiting = next;
    running ??= run();
  };
  return {
    tell: (assessment, memories) => {
      offer(() => telling.tell(assessment, memories));
    },
    tellFault: (known) => {
      offer(() => telling.tellFault(known));
    },
    settled: () => running ?? Promise.resolve(),
  };
}
