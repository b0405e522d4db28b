import { longestGapMs, requiredCoverage } from './stability-watch.js';
import type { StabilityWatch } from './stability-watch.js';

/** A stretch in which nothing was seen. */
export interface Gap {
  readonly fromMs: number;
  readonly toMs: number;
}

/** How often something was seen, and the longest time in which it was not. */
export interface Sightings {
  readonly count: number;
  readonly lastAtMs: number;
  readonly longestGap: Gap;
}

/** Why what was seen does not suffice. */
export type Shortfall =
  | { readonly kind: 'coverage'; readonly seen: number; readonly expected: number }
  | { readonly kind: 'gap'; readonly gap: Gap };

/** Before the first sight: the time since the start is a gap already. */
export function nothingSighted({ startedAtMs }: StabilityWatch): Sightings {
  return {
    count: 0,
    lastAtMs: startedAtMs,
    longestGap: { fromMs: startedAtMs, toMs: startedAtMs },
  };
}

export function addSighting(before: Sightings, atMs: number): Sightings {
  return {
    count: before.count + 1,
    lastAtMs: atMs,
    longestGap: longer(before.longestGap, { fromMs: before.lastAtMs, toMs: atMs }),
  };
}

/**
 * The slot of a poll at `atMs`, or null when its interval has a sample already: another replica's,
 * or that of a poll tried again.
 *
 * Polls drift, and a restart shifts them, so a poll near the border of two intervals takes whichever
 * is free; never a slot more than one ahead, or replicas that take turns would fill the future.
 */
export function nextSlot(
  { startedAtMs, pollIntervalMs }: StabilityWatch,
  atMs: number,
  last: { readonly slot: number; readonly atMs: number } | null,
): number | null {
  const own = Math.floor((atMs - startedAtMs) / pollIntervalMs);
  if (last === null) return own;
  if (atMs - last.atMs < pollIntervalMs / 2) return null;
  const slot = Math.max(own, last.slot + 1);
  return slot <= own + 1 ? slot : null;
}

/**
 * How many samples there should be at `atMs`: one per interval elapsed, less one, because the first
 * interval and the last are cut by the start and the end.
 */
export function expectedSamples(watch: StabilityWatch, atMs: number): number {
  const elapsedMs = Math.min(atMs, watch.deadlineAtMs) - watch.startedAtMs;
  return Math.max(1, Math.floor(elapsedMs / watch.pollIntervalMs) - 1);
}

/** Samples against those expected, 0 to 1. */
export function coverageRatio(watch: StabilityWatch, count: number, atMs: number): number {
  return Math.min(1, count / expectedSamples(watch, atMs));
}

/** The longest gap, including the one that is open at `atMs`. */
export function longestGapAt(watch: StabilityWatch, seen: Sightings, atMs: number): Gap {
  const open = { fromMs: seen.lastAtMs, toMs: Math.min(atMs, watch.deadlineAtMs) };
  return longer(seen.longestGap, open);
}

/** What is missing of the evidence that a verdict of STABLE needs; nothing: it suffices. */
export function shortfalls(watch: StabilityWatch, seen: Sightings): Shortfall[] {
  const expected = expectedSamples(watch, watch.deadlineAtMs);
  const gap = longestGapAt(watch, seen, watch.deadlineAtMs);
  const found: Shortfall[] = [];
  if (seen.count < requiredCoverage * expected) {
    found.push({ kind: 'coverage', seen: seen.count, expected });
  }
  if (gap.toMs - gap.fromMs > longestGapMs) found.push({ kind: 'gap', gap });
  return found;
}

/** What is lost for good at `atMs`, whatever comes until the deadline. */
export function lostAlready(watch: StabilityWatch, seen: Sightings, atMs: number): Shortfall[] {
  const intervalsLeft = Math.ceil((watch.deadlineAtMs - atMs) / watch.pollIntervalMs) + 1;
  const best = { ...seen, count: seen.count + Math.max(0, intervalsLeft) };
  const gap = longestGapAt(watch, seen, atMs);
  return shortfalls(watch, { ...best, lastAtMs: watch.deadlineAtMs, longestGap: gap });
}

function longer(a: Gap, b: Gap): Gap {
  return b.toMs - b.fromMs > a.toMs - a.fromMs ? b : a;
}
