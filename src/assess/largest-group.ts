import { sortInSlices } from './slices.js';
import type { Slices } from './slices.js';

/**
 * The most of `tokens` that expire less than `windowMs` apart, the earliest first; of groups of the
 * same size the earliest.
 *
 * Bare numbers are sorted to find it, and of the tokens only the group: there may be 100,000.
 */
export function* largestGroup<Token extends { readonly remainingMs: number }>(
  tokens: readonly Token[],
  windowMs: number,
): Slices<readonly Token[]> {
  const sorted = Float64Array.from(tokens, ({ remainingMs }) => remainingMs).sort();
  yield;
  let start = 0;
  let largest = 0;
  let fromMs = Infinity;
  let toMs = -Infinity;
  for (const [index, remainingMs] of sorted.entries()) {
    while (remainingMs - (sorted[start] ?? remainingMs) >= windowMs) start += 1;
    if (index + 1 - start <= largest) continue;
    largest = index + 1 - start;
    fromMs = sorted[start] ?? remainingMs;
    toMs = remainingMs;
  }
  yield;
  const group = tokens.filter(({ remainingMs }) => remainingMs >= fromMs && remainingMs <= toMs);
  return yield* sortInSlices(group, (a, b) => a.remainingMs - b.remainingMs);
}
