import { databasesAway, sourcesDown } from '../assess/assess.js';
import type { Assessment } from '../assess/assess.js';

/** How many poll intervals the last success may lie back. */
export const staleAfterIntervals = 3;

export type Readiness =
  { readonly ready: true } | { readonly ready: false; readonly reason: string };

/** Ready: a poll has succeeded, and the last success is younger than three intervals. */
export function readiness(
  lastSuccessAt: Date | null,
  latest: Assessment,
  now: Date,
  pollIntervalMs: number,
): Readiness {
  const cause = causeOf(latest);
  if (lastSuccessAt === null) {
    return { ready: false, reason: `no poll has succeeded yet${cause}` };
  }
  const ageMs = now.getTime() - lastSuccessAt.getTime();
  if (ageMs < staleAfterIntervals * pollIntervalMs) return { ready: true };
  return {
    ready: false,
    reason: `the last successful poll was ${String(Math.round(ageMs / 1000))} s ago${cause}`,
  };
}

function causeOf(latest: Assessment): string {
  const { databaseFailure } = latest;
  if (databaseFailure !== null) return `: ${databaseFailure.message}; ${databaseFailure.remedy}`;
  const away = databasesAway(latest).map(({ message, remedy }) => `${message}; ${remedy}`);
  const down = sourcesDown(latest).map(({ name, reason, remedy }) =>
    [`${name}: ${reason ?? 'down'}`, ...(remedy === null ? [] : [remedy])].join('; '),
  );
  const causes = [...away, ...down];
  return causes.length === 0 ? '' : `: ${causes.join('; ')}`;
}
