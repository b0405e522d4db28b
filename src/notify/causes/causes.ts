import type { Cause } from './cause.js';
import { cronJobFailing } from './cron-job-failing.js';
import { cronJobMisconfigured } from './cron-job-misconfigured.js';
import { databaseAway } from './database-away.js';
import { databaseDown } from './database-down.js';
import { demandAboveRate } from './demand-above-rate.js';
import { expiryCliff } from './expiry-cliff.js';
import { falselyDeactivated } from './falsely-deactivated.js';
import { grantsDead } from './grants-dead.js';
import { journalSilent, journalUnusable } from './journals.js';
import { clientConfiguration, providerFailing } from './provider-paused.js';
import { refreshOverdue } from './refresh-overdue.js';
import { furtherSourceDown, sourceDown } from './sources.js';
import { syncsFailingForAuth } from './syncs-failing-for-auth.js';
import { syncsOverdue } from './syncs-overdue.js';
import { tokensDisappeared } from './tokens-disappeared.js';
import { tokensUnattended } from './tokens-unattended.js';
import { webhooksImpaired } from './webhooks-impaired.js';

/** Everything that people are told of, the worst first. One more is one more entry. */
export const causes: readonly Cause[] = [
  databaseDown,
  databaseAway,
  sourceDown,
  furtherSourceDown,
  clientConfiguration,
  refreshOverdue,
  grantsDead,
  tokensUnattended,
  expiryCliff,
  providerFailing,
  demandAboveRate,
  falselyDeactivated,
  tokensDisappeared,
  syncsFailingForAuth,
  syncsOverdue,
  cronJobFailing,
  cronJobMisconfigured,
  webhooksImpaired,
  journalUnusable,
  journalSilent,
];
