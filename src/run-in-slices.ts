import { giveWay } from './give-way.js';

/** Runs work to its end, the event loop turning wherever it may be interrupted. */
export async function runInSlices<Result>(
  work: Generator<undefined, Result, undefined>,
): Promise<Result> {
  for (;;) {
    const step = work.next();
    if (step.done === true) return step.value;
    await giveWay();
  }
}
