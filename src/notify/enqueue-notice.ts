import type { NotifyConfig } from '../config/notify-config.js';
import type { Query } from '../database/read-snapshot.js';
import { enqueue } from '../store/outbox.js';
import { withAccountsShown } from './mask-account.js';
import type { Notice } from './notice.js';
import { routeNotice } from './route-notice.js';

/**
 * Puts a notice into the outbox, in the transaction that writes what it tells of; whichever exporter
 * runs delivers it. False, and nothing is put there, where no webhook is configured for it.
 */
export async function enqueueNotice(
  query: Query,
  config: NotifyConfig,
  notice: Notice,
): Promise<boolean> {
  if (routeNotice(notice, config) === null) return false;
  await enqueue(query, {
    incidentId: notice.incidentId,
    notice: withAccountsShown(notice, config.accounts),
  });
  return true;
}
