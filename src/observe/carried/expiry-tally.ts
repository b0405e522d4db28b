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

const hourMs = 3_600_000;
/** Hours from that of `now` on, as far as the calendar reaches. */
const hours = 24 * (calendarDays + 1);

/**
 * Starts a count at `now`.
 *
 * Most tokens are counted by the hour in which they expire, which costs a quarter of a comparison
 * with all boundaries. Only those of an hour that a boundary divides are told apart one by one.
 */
export function createExpiryTally(now: Date, expiringSoonMs: number): ExpiryTally {
  const boundaries = boundariesAt(now, expiringSoonMs);
  const nowMs = now.getTime();
  const today = Math.floor(nowMs / dayMs);
  const none = () => ({
    perRange: Array.from({ length: boundaries.length + 1 }, () => 0),
    withoutExpiry: 0,
    perDay: Array.from({ length: calendarDays }, () => 0),
    perHour: new Float64Array(hours),
  });
  const active = none();
  const inactive = none();
  let earliestMs = Infinity;
  const firstHourMs = Math.floor(nowMs / hourMs) * hourMs;
  const isDivided = new Uint8Array(hours);
  for (const boundary of boundaries) isDivided[Math.floor((boundary - firstHourMs) / hourMs)] = 1;

  const addAt = (of: typeof active, expiresAtMs: number, tokens: number): void => {
    const range = boundaries.findIndex((boundary) => expiresAtMs < boundary);
    const at = range === -1 ? boundaries.length : range;
    of.perRange[at] = (of.perRange[at] ?? 0) + tokens;
    const day = Math.floor(expiresAtMs / dayMs) - today;
    if (expiresAtMs >= nowMs && day < calendarDays) {
      of.perDay[day] = (of.perDay[day] ?? 0) + tokens;
    }
  };
  const settle = (): void => {
    for (const of of [active, inactive]) {
      for (const [hour, tokens] of of.perHour.entries()) {
        if (tokens > 0) addAt(of, firstHourMs + hour * hourMs, tokens);
      }
      of.perHour.fill(0);
    }
  };

  return {
    add(isActive, expiresAtMs) {
      const of = isActive ? active : inactive;
      if (Number.isNaN(expiresAtMs)) {
        of.withoutExpiry += 1;
        return;
      }
      if (expiresAtMs < earliestMs && expiresAtMs !== -Infinity) earliestMs = expiresAtMs;
      const hour = Math.floor((expiresAtMs - firstHourMs) / hourMs);
      if (isDivided[hour] === 0) of.perHour[hour] = (of.perHour[hour] ?? 0) + 1;
      else addAt(of, expiresAtMs, 1);
    },
    counts() {
      settle();
      return {
        active: countsOfRanges(active, boundaries, now, expiringSoonMs),
        inactive: countsOfRanges(inactive, boundaries, now, expiringSoonMs),
        earliestExpiresAtMs: earliestMs === Infinity ? null : earliestMs,
      };
    },
    days() {
      settle();
      return active.perDay.flatMap((_, index) =>
        [false, true].flatMap((isActive): ExpiryDay[] => {
          const tokens = (isActive ? active : inactive).perDay[index] ?? 0;
          return tokens === 0 ? [] : [{ day: today + index, active: isActive, tokens }];
        }),
      );
    },
  };
}
