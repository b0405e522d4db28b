import type { ProviderConfig } from '../config/config.js';
import { readSnapshot } from '../database/read-snapshot.js';
import type { SnapshotSource } from '../database/read-snapshot.js';
import { readCatalog } from './catalog.js';
import { readNow } from './observe.js';
import { readTokenRows } from './token-rows.js';
import type { TokenRow } from './token-rows.js';
import { resolveTokenSource, tablesOf } from './token-source.js';

/** Reads every row of one provider now. Throws when the table or the database can't be read. */
export async function observeRows(
  database: SnapshotSource,
  { tokens }: ProviderConfig,
): Promise<{ rows: readonly TokenRow[]; now: Date }> {
  return readSnapshot(database, async ({ query }) => {
    const { now, role } = await readNow(query, () => 0);
    const source = resolveTokenSource(tokens, await readCatalog(query, role, tablesOf(tokens)));
    if (!source.known) throw new Error(`${source.reason}; ${source.remedy}`);
    return { now, rows: await readTokenRows(query, source.value) };
  });
}
