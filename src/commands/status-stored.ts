import { assessStored, storesNothing } from '../assess/stored.js';
import type { ProviderConfig } from '../config/config.js';
import { readEach } from '../database/read-each.js';
import { readSnapshot } from '../database/read-snapshot.js';
import type { SnapshotSource } from '../database/read-snapshot.js';
import type { DatabaseOf } from '../database/databases.js';
import { readCatalog } from '../observe/catalog.js';
import { readNow } from '../observe/observe.js';
import { readIsolated } from '../observe/read-isolated.js';
import { readStored, storedTables } from '../observe/stored.js';
import { formatInstant } from '../config/format-instant.js';

/** A line for each provider whose syncs succeed and have stored nothing for a day. */
export async function describeStored(
  databaseOf: DatabaseOf,
  providers: readonly ProviderConfig[],
): Promise<string[]> {
  const mapped = providers.filter(({ syncs }) => storedTables(syncs).length > 0);
  const readings = await readEach(databaseOf, mapped, describeIn);
  // Of a database that is away the listing says so.
  return readings.flatMap((each) => (each.ok ? each.value : []));
}

function describeIn(
  database: SnapshotSource,
  providers: readonly ProviderConfig[],
): Promise<string[]> {
  const tables = providers.flatMap(({ syncs }) => storedTables(syncs));
  return readSnapshot(database, async ({ query, isolated }) => {
    const { now, role } = await readNow(query, () => 0);
    const catalog = await readCatalog(query, role, tables);
    const lines: string[] = [];
    for (const { name, syncs } of providers) {
      const stored = syncs?.stored ?? null;
      if (stored === null) continue;
      const runs = syncs?.runs ?? [];
      const read = await readIsolated(isolated, () =>
        readStored(query, catalog, stored, runs, now),
      );
      const state = assessStored(read, null);
      if (state === null || !storesNothing(state)) continue;
      const since = formatInstant(state.lastStoredAtMs);
      const times = state.successes === 1 ? '1 sync' : `${String(state.successes)} syncs`;
      lines.push(
        `${name}: ${times} succeeded ` +
          (since === null ? 'in the last 7 days' : `since ${since}`) +
          ', and nothing was stored',
      );
    }
    return lines;
  });
}
