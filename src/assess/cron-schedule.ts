import { Cron } from 'croner';

const dayMs = 86_400_000;
/** More than a week, so that the pause of a weekend lies within it wherever it begins. */
const horizonMs = 8 * dayMs;
const mostProbes = 500;

/** When a job is to run. */
export interface CronSchedule {
  /** The first run after this instant; null: there is none. */
  readonly nextAfterMs: (ms: number) => number | null;
}

/**
 * Reads a schedule as pg_cron does: five fields, `@daily` and the like, or `30 seconds`.
 *
 * null where there is no time to wait for: `@reboot`, a time zone or a text that can't be read.
 * Two of pg_cron's ways differ from other readers': a day field that begins with `*` never widens
 * the other one (it is Vixie cron's parser), and `$` is the last day of the month.
 */
export function parseCronSchedule(text: string, timeZone: string): CronSchedule | null {
  const seconds = /^\s*(\d{1,2})\s+seconds?\s*$/i.exec(text)?.[1];
  if (seconds !== undefined) {
    return { nextAfterMs: (ms) => ms + Number(seconds) * 1_000 };
  }
  const [minute, hour, day, month, weekday, ...more] = text.trim().split(/\s+/);
  if (more.length > 0) return null;
  const pattern = [minute, hour, day?.replace('$', 'L'), month, weekday].join(' ').trim();
  const domAndDow = [day, weekday].some((field) => field?.startsWith('*') === true);
  try {
    const cron = new Cron(pattern, { timezone: timeZone, mode: '5-part', domAndDow, paused: true });
    const nextAfterMs = (ms: number) => cron.nextRun(new Date(ms))?.getTime() ?? null;
    nextAfterMs(0);
    return { nextAfterMs };
  } catch {
    return null;
  }
}

/**
 * The longest time between two runs in the eight days after `fromMs`, where it is longer than
 * `limitMs`; null where every pause is shorter. A job of working hours pauses over the weekend.
 *
 * A pause longer than the longest so far contains a point of every grid that fine, so that a job
 * of every minute is not walked through minute by minute.
 */
export function pauseLongerThan(
  { nextAfterMs }: CronSchedule,
  limitMs: number,
  fromMs: number,
): number | null {
  const first = nextAfterMs(fromMs);
  if (first === null) return null;
  const endMs = first + Math.min(horizonMs, mostProbes * limitMs);
  let longestMs = limitMs;
  for (let probe = first; probe <= endMs; probe += longestMs) {
    const end = nextAfterMs(probe);
    if (end === null) break;
    if (nextAfterMs(end - longestMs - 1) !== end) continue;
    let start = Math.max(first, probe - longestMs);
    for (let run = nextAfterMs(start - 1); run !== null && run < end; run = nextAfterMs(run)) {
      start = run;
    }
    longestMs = Math.max(longestMs, end - start);
  }
  return longestMs > limitMs ? longestMs : null;
}

/** Runs of a schedule, counted. */
export interface ScheduledRuns {
  readonly count: number;
  /** The last of them; where none was counted, the instant that counting began after. */
  readonly lastAtMs: number;
}

/** Counts the runs that lie after `afterMs` and until `untilMs`; counting ends at `limit`. */
export function countRuns(
  { nextAfterMs }: CronSchedule,
  afterMs: number,
  untilMs: number,
  limit: number,
): ScheduledRuns {
  let count = 0;
  let lastAtMs = afterMs;
  let run = nextAfterMs(afterMs);
  while (run !== null && run <= untilMs && count < limit) {
    count += 1;
    lastAtMs = run;
    run = nextAfterMs(run);
  }
  return { count, lastAtMs };
}
