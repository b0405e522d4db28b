import type { Pool } from 'pg';
import { writeTransaction } from '../database/write-transaction.js';
import { pruneIncidents } from './incidents.js';
import { stateSchema } from './migrate.js';

const batch = 5_000;

/**
 * Deletes lines of the ledger that are older than `retentionMs`, in batches, so that no statement
 * takes long; returns how many. Answered requests, journals that hold nothing and what ended go with them.
 */
export async function pruneLedger(pool: Pool, retentionMs: number): Promise<number> {
  let pruned = 0;
  for (;;) {
    const deleted = await writeTransaction(pool, (query) =>
      query(
        `DELETE FROM ${stateSchema}.ledger WHERE id IN (
           SELECT id FROM ${stateSchema}.ledger
           WHERE at < now() - $1 * interval '1 millisecond' ORDER BY at LIMIT ${String(batch)})
         RETURNING id`,
        [retentionMs],
      ),
    );
    pruned += deleted.length;
    if (deleted.length < batch) break;
  }
  await writeTransaction(pool, async (query) => {
    await query(
      `DELETE FROM ${stateSchema}.reconnect_mails
       WHERE began_at < now() - greatest($1 * interval '1 millisecond', interval '8 days')`,
      [retentionMs],
    );
    await query(
      `DELETE FROM ${stateSchema}.refresh_requests WHERE requested_at < now() - interval '1 day'`,
    );
    await query(
      `DELETE FROM ${stateSchema}.sync_retries AS r WHERE NOT EXISTS (
         SELECT FROM ${stateSchema}.tokens AS t WHERE (t.provider, t.token_id) = (r.provider, r.token_id))`,
    );
    await query(
      `DELETE FROM ${stateSchema}.journals AS j WHERE seen_at < now() - interval '30 days'
         AND NOT EXISTS (SELECT FROM ${stateSchema}.tokens WHERE claimed_by = j.journal_id)`,
    );
    await pruneIncidents(query, retentionMs);
  });
  return pruned;
}
