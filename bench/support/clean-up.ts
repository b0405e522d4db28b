/** Ends what was started, the last first, also on Ctrl-C. */
export interface CleanUp {
  readonly add: (stop: () => unknown) => void;
  readonly run: () => Promise<void>;
}

export function createCleanUp(): CleanUp {
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
