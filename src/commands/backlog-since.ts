import { InvalidArgumentError, Option } from 'commander';
import { durationForm, isDuration, toMs } from '../config/duration.js';
import type { BacklogSince } from '../observe/backlog.js';

/** `--since 3d`, `--since 2025-11-27`, `--since 2025-11-27T08:00Z`. */
export function sinceOption(description: string): Option {
  return new Option('--since <when>', description).argParser(parseSince);
}

/** Reads an instant, a day (in UTC), or a length of time before now. */
export function parseSince(text: string): BacklogSince {
  if (isDuration(text)) return { agoMs: toMs(text) };
  const atMs = /^\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d))?$/.test(text)
    ? Date.parse(text)
    : Number.NaN;
  // Date.parse takes the 30th of February for a day in March.
  const day = new Date(`${text.slice(0, 10)}T00:00Z`);
  const isDay = !Number.isNaN(day.getTime()) && day.toISOString().startsWith(text.slice(0, 10));
  if (isDay && !Number.isNaN(atMs)) return { atMs };
  throw new InvalidArgumentError(
    `Write 2025-11-27, 2025-11-27T08:00Z, or how long ago: ${durationForm}.`,
  );
}
