import { calendarDays } from '../expiry-days.js';
import type { ExpiryDay } from '../expiry-days.js';
import { boundariesAt, countsOfRanges } from '../expiry-counts.js';
import type { CountedExpiries } from '../expiry-counts.js';

const dayMs = 86_400_000;

/** Counts tokens one by one, as `readExpiryCounts` and `readExpiryDays` count them in SQL. */
export interface ExpiryTally {
  /** `expiresAtMs` is NaN where no expiry is recorded. */
  readonly add: (active: boolean, expiresAtMs: number) => void;
  readonly counts: () => CountedExpiries;
  readonly days: () => readonly ExpiryDay[];
}

/** Starts a count at `now`. */
export function createExpiryTally(now: Date, expiringSoonMs: number): ExpiryTally {
  const boundaries = boundariesAt(now, expiringSoonMs);
  const nowMs = now.getTime();
  const today = Math.floor(nowMs / dayMs);
  const none = () => ({
    perRange: Array.from({ length: boundaries.length + 1 }, () => 0),
    withoutExpiry: 0,
    perDay: Array.from({ length: calendarDays }, () => 0),
  });
  const active = none();
  const inactive = none();
  let earliestMs = Infinity;

  return {
    add(isActive, expiresAtMs) {
      const of = isActive ? active : inactive;
      if (Number.isNaN(expiresAtMs)) {
        of.withoutExpiry += 1;
        return;
      }
      let range = 0;
      while (range < boundaries.length && expiresAtMs >= (boundaries[range] ?? Infinity))
        range += 1;
      of.perRange[range] = (of.perRange[range] ?? 0) + 1;
      if (expiresAtMs < earliestMs && expiresAtMs !== -Infinity) earliestMs = expiresAtMs;
      const day = Math.floor(expiresAtMs / dayMs) - today;
      if (expiresAtMs >= nowMs && day < calendarDays) of.perDay[day] = (of.perDay[day] ?? 0) + 1;
    },
    counts: () => ({
      active: countsOfRanges(active, boundaries, now, expiringSoonMs),
      inactive: countsOfRanges(inactive, boundaries, now, expiringSoonMs),
      earliestExpiresAtMs: earliestMs === Infinity ? null : earliestMs,
    }),
    days: () =>
      active.perDay.flatMap((_, index) =>
        [false, true].flatMap((isActive): ExpiryDay[] => {
          const tokens = (isActive ? active : inactive).perDay[index] ?? 0;
          return tokens === 0 ? [] : [{ day: today + index, active: isActive, tokens }];
        }),
      ),
  };
}
