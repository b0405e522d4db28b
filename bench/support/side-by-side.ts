/** Milliseconds that each contestant took, round by round. */
export type Rounds = ReadonlyMap<string, readonly number[]>;

/** Runs all contestants in turn, `rounds` times, after one round that does not count. */
export async function sideBySide(
  contestants: Readonly<Record<string, () => Promise<unknown>>>,
  rounds: number,
): Promise<Rounds> {
  const times = new Map<string, number[]>(Object.keys(contestants).map((name) => [name, []]));
  for (let round = 0; round <= rounds; round += 1) {
    for (const [name, run] of Object.entries(contestants)) {
      const startedAt = performance.now();
      await run();
      if (round > 0) times.get(name)?.push(performance.now() - startedAt);
    }
  }
  return times;
}

/** What each round of one took as a multiple of the same round of the other. */
export function ratios(of: readonly number[], to: readonly number[]): number[] {
  return of.map((each, round) => each / (to[round] ?? Number.NaN));
}
