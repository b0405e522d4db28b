import type { CronTrouble } from '../../assess/cron-trouble.js';

const mostTold = 5;

/** The first of these troubles, each as a sentence; null: there are none. */
export function describeTroubles(troubles: readonly CronTrouble[]): string | null {
  if (troubles.length === 0) return null;
  return troubles
    .slice(0, mostTold)
    .map(({ job, evidence }) => `${job}: ${evidence}.`)
    .join(' ');
}
