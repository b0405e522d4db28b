/** Collects what nobody handles in this process: rejections, and errors that no listener heard. */
export function collectUnhandled(): { readonly seen: readonly unknown[]; stop(): void } {
  const seen: unknown[] = [];
  const record = (problem: unknown) => seen.push(problem);
  const events = ['unhandledRejection', 'uncaughtException'] as const;
  for (const event of events) process.on(event, record);
  return {
    seen,
    stop() {
      for (const event of events) process.off(event, record);
    },
  };
}
