import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Ends what was started, the last first, also on Ctrl-C. */
export interface CleanUp {
  readonly add: (stop: () => unknown) => void;
  readonly run: () => Promise<void>;
}

function createCleanUp(): CleanUp {
  const stops: (() => unknown)[] = [];
  const run = async (): Promise<void> => {
    for (const stop of stops.splice(0).reverse()) await stop();
  };
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => {
      void run().finally(() => process.exit(130));
    });
  }
  return { add: (stop) => stops.push(stop), run };
}

/** Runs a benchmark with a folder of its own, and cleans up after it whatever happens. */
export async function runBenchmark(
  name: string,
  measure: (cleanUp: CleanUp, directory: string) => Promise<void>,
): Promise<void> {
  const cleanUp = createCleanUp();
  try {
    const directory = await mkdtemp(join(tmpdir(), `bench-${name}-`));
    cleanUp.add(() => rm(directory, { recursive: true }));
    await measure(cleanUp, directory);
  } finally {
    await cleanUp.run();
  }
}
