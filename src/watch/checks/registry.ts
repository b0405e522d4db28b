import type { Check } from './check.js';
import { cronRuns } from './cron-runs.js';
import { grantsDied } from './grants-died.js';
import { rotationsLost } from './rotations-lost.js';
import { sourcesLost } from './sources-lost.js';
import { syncsOverdue } from './syncs-overdue.js';
import { tokensExpired } from './tokens-expired.js';
import { tokensLost } from './tokens-lost.js';

/** Every check, in the order in which reports list them. */
export const checks: readonly Check[] = [
  tokensLost,
  grantsDied,
  rotationsLost,
  tokensExpired,
  syncsOverdue,
  cronRuns,
  sourcesLost,
];
