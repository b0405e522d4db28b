import type { Check } from './check.js';
import { cronRuns } from './cron-runs.js';
import { grantsDied } from './grants-died.js';
import { notificationsStuck } from './notifications-stuck.js';
import { rotationsLost } from './rotations-lost.js';
import { sourcesLost } from './sources-lost.js';
import { syncsFailed } from './syncs-failed.js';
import { syncsOverdue } from './syncs-overdue.js';
import { syncsStuck } from './syncs-stuck.js';
import { tokensExpired } from './tokens-expired.js';
import { tokensLost } from './tokens-lost.js';
import { webhooksSilent } from './webhooks-silent.js';

/** Every check, in the order in which reports list them. */
export const checks: readonly Check[] = [
  tokensLost,
  grantsDied,
  rotationsLost,
  tokensExpired,
  syncsOverdue,
  syncsFailed,
  syncsStuck,
  cronRuns,
  webhooksSilent,
  notificationsStuck,
  sourcesLost,
];
