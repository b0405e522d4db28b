import type { ProviderCause } from './cause.js';
import { ofTokens } from './of-tokens.js';
import { findUnsavedTokens } from './unsaved-tokens.js';
import type { UnsavedToken } from './unsaved-tokens.js';

const dayMs = 86_400_000;
/** Tokens that expire within this time of each other expire together. */
const togetherMs = 3 * dayMs;
/** How far ahead a cliff is told of: time to plan, and not months of reminders. */
const horizonMs = 30 * dayMs;
/** Fewer are single tokens, whatever their share. */
const fewest = 5;

/** What happened once: everybody's tokens lapse together, because nobody refreshes them. */
export const expiryCliff: ProviderCause = {
  name: 'expiry_cliff',
  severity: 'warning',
  opensAtOnce: false,
  scope: 'provider',
  runbook: 'oauthtokensexpirycliff',
  title: (affected, outOf) => `${affected} of ${outOf ?? affected} tokens expiring together`,
  explanation:
    'A large share of the tokens in use expires within the same 72 hours, and nobody is known to refresh them. Then everybody is cut off at once.',
  nextStep:
    'Before that day: start what should refresh them, or let this exporter do it. Where there is no refresh token, spread the reconnects over the time that is left.',
  proof: 'Their expiry moved, or enough of them are refreshed by somebody.',
  find: (context) =>
    ofTokens(context, (tokens) => {
      const { active, unsaved } = findUnsavedTokens(context, tokens);
      const coming = unsaved.filter(
        ({ remainingMs }) => remainingMs > 0 && remainingMs <= horizonMs,
      );
      const most = largestGroup(coming, togetherMs);
      const isCliff = most.length >= Math.max(fewest, context.config.cliffShare * active.length);
      const first = most[0]?.remainingMs ?? 0;
      return {
        affected: isCliff ? most.map(({ token }) => token) : [],
        outOf: active.length,
        detail: `The first expires in ${Math.floor(first / dayMs)} d ${Math.floor((first % dayMs) / 3_600_000)} h.`,
      };
    }),
};

/** The most tokens whose expiries lie within `spanMs`, the earliest first. */
export function largestGroup(
  tokens: readonly UnsavedToken[],
  spanMs: number,
): readonly UnsavedToken[] {
  const sorted = [...tokens].sort((a, b) => a.remainingMs - b.remainingMs);
  let start = 0;
  let best: readonly [from: number, to: number] = [0, 0];
  sorted.forEach(({ remainingMs }, index) => {
    while (remainingMs - (sorted[start]?.remainingMs ?? remainingMs) > spanMs) start += 1;
    if (index + 1 - start > best[1] - best[0]) best = [start, index + 1];
  });
  return sorted.slice(...best);
}
