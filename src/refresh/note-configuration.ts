import type { Pool } from 'pg';
import { writeTransaction } from '../database/write-transaction.js';

import { clearAppCallBackoff, replaceLastConfiguration } from '../store/last-configuration.js';
import { clearBackoffs } from '../store/provider-health-row.js';
import { failureReasons, failureScope } from './failure-reason.js';
import type { FailureReason } from './failure-reason.js';

/**
 * Ends the backoffs of a provider whose configuration is another one than at the last start: what
 * failed under that one says nothing about this one. Says whether it was.
 *
 * Only starts are compared, never polls: replicas that run side by side with different
 * configurations during a rollout end no backoff of each other. Going back to an earlier
 * configuration is a change too; it is how most mistakes are corrected.
 */
export async function noteConfiguration(
  statePool: Pool,
  provider: string,
  fingerprint: string,
): Promise<boolean> {
  return writeTransaction(statePool, async (query) => {
    const before = await replaceLastConfiguration(query, provider, fingerprint);
    if (before === null || before === fingerprint) return false;
    await clearBackoffs(query, provider, reasonsOfConfiguration);
    await clearAppCallBackoff(query, provider);
    return true;
  });
}

/** A grant that was refused keeps its wait: its second `invalid_grant` must come a minute later. */
const reasonsOfConfiguration = failureReasons.filter(mayBeCured);

function mayBeCured(reason: FailureReason): boolean {
  switch (failureScope(reason)) {
    case 'client':
    case 'transient':
      return true;
    case 'token':
      return reason !== 'no_refresh_token';
    case 'grant':
    case 'none':
      return false;
  }
}
