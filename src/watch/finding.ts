import { formatDistance } from '../config/format-distance.js';
import type { CheckName } from './checks/check-name.js';

/** Something that a check found wrong in one poll. */
export interface Finding {
  readonly check: CheckName;
  /** null: it concerns no single provider. */
  readonly provider: string | null;
  /** What it is about within the check: a token's id, a job, or nothing more exact. */
  readonly key: string;
  /** How many tokens or runs; more than before is worse. */
  readonly affected: number;
  readonly evidence: string;
  /** It counts only when it lasts longer than this. */
  readonly graceMs: number;
}

/** Tells findings apart over polls. */
export function findingKey({ check, provider, key }: Finding): string {
  return JSON.stringify([check, provider, key]);
}

const longestText = 200;

/**
 * Text from data or from the database, made safe for a line of a report: no control characters, no
 * marks that turn the writing direction, at most 200 characters.
 */
export function plain(text: string): string {
  const safe = text.replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+/gu, ' ').trim();
  if (safe.length <= longestText) return safe;
  // Not through the middle of a pair that makes one character.
  return `${safe.slice(0, longestText - 1).replace(/[\uD800-\uDBFF]$/, '')}…`;
}

/** `2025-11-27 08:12:05Z`: as everything of the watch writes an instant. */
export function instant(ms: number): string {
  if (!Number.isFinite(ms) || Math.abs(ms) > 8.64e15) return ms > 0 ? 'infinity' : '-infinity';
  return new Date(ms)
    .toISOString()
    .replace('T', ' ')
    .replace(/\.\d+Z$/, 'Z');
}

/** The length of a watch as people say it: `48 h`, not two days. */
export function hours(ms: number): string {
  return ms % 3_600_000 === 0 ? `${ms / 3_600_000} h` : formatDistance(ms);
}
