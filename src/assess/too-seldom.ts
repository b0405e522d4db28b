import type { ProviderConfig } from '../config/config.js';
import { pauseLongerThan } from './cron-schedule.js';
import type { CronSchedule } from './cron-schedule.js';

/** A pause in which the tokens that a job keeps in use expire. */
export interface LongPause {
  readonly provider: string;
  readonly pauseMs: number;
  readonly lifetimeMs: number;
}

/**
 * The longest pause of a job that outlasts the tokens of the provider whose job it is.
 *
 * Where we refresh the tokens ourselves no job needs to.
 */
export function pauseOf(
  job: string,
  schedule: CronSchedule | null,
  providers: readonly Pick<ProviderConfig, 'name' | 'declaredLifetimeMs' | 'refresh' | 'jobs'>[],
  nowMs: number,
): LongPause | null {
  if (schedule === null) return null;
  for (const { name, declaredLifetimeMs, refresh, jobs } of providers) {
    if (declaredLifetimeMs === null || refresh?.mode === 'on') continue;
    if (!(jobs?.names ?? []).some((pattern) => matches(pattern, job))) continue;
    const pauseMs = pauseLongerThan(schedule, declaredLifetimeMs, nowMs);
    if (pauseMs !== null) return { provider: name, pauseMs, lifetimeMs: declaredLifetimeMs };
  }
  return null;
}

/** `*` stands for anything; capital letters are no others. */
export function matches(pattern: string, name: string): boolean {
  const parts = pattern.split('*').map((part) => part.replaceAll(/[\\^$.+?()[\]{}|]/g, '\\$&'));
  return new RegExp(`^${parts.join('.*')}$`, 'i').test(name);
}
