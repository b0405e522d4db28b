import { setImmediate } from 'node:timers/promises';

/** How long work may hold the event loop, so that two that run at once are still no stall. */
const turnMs = 5;

/** Runs work to its end; where it may be interrupted and its time is up, the event loop turns. */
export async function runInSlices<Result>(
  work: Generator<undefined, Result, undefined>,
): Promise<Result> {
  let turnEndsAtMs = performance.now() + turnMs;
  for (;;) {
    const step = work.next();
    if (step.done === true) return step.value;
    if (performance.now() < turnEndsAtMs) continue;
    await setImmediate();
    turnEndsAtMs = performance.now() + turnMs;
  }
}
