import { setTimeout as delay } from 'node:timers/promises';

type Falsy = false | null | undefined | 0 | '';

/**
 * Waits until `condition` answers with something true, and answers with that. A condition that
 * throws is not true yet. Throws when the deadline passes, with what the condition said last, so
 * that a failure explains itself. This is the only place where tests wait for time to pass.
 */
export async function until<T>(
  what: string,
  condition: () => T | Promise<T>,
  { withinMs = 10_000, everyMs = 25 }: { withinMs?: number; everyMs?: number } = {},
): Promise<Exclude<T, Falsy>> {
  const deadline = performance.now() + withinMs;
  for (;;) {
    let last: unknown;
    try {
      const value = await condition();
      if (value) return value as Exclude<T, Falsy>;
      last = value;
    } catch (error) {
      last = error;
    }
    if (performance.now() > deadline) {
      const seen = last instanceof Error ? last.message : JSON.stringify(last);
      throw new Error(`within ${withinMs} ms: ${what}. Last seen: ${seen}`, { cause: last });
    }
    await delay(everyMs);
  }
}
