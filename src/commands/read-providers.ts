import type { ProviderConfig } from '../config/config.js';
import type { DatabaseOf } from '../database/databases.js';
import { readEach } from '../database/read-each.js';
import type { SnapshotSource } from '../database/read-snapshot.js';
import { known } from '../observe/reading.js';
import type { Reading } from '../observe/reading.js';
import { unreachable } from '../observe/unobserved.js';

/** What was read of one provider. */
export interface ProviderReading<T> {
  readonly provider: ProviderConfig;
  readonly reading: Reading<T>;
}

/**
 * Reads something of each provider, in their order; several databases at the same time. A database
 * that can't be used leaves its providers unread; throws `DatabaseError` where none can.
 */
export async function readProviders<T>(
  databaseOf: DatabaseOf,
  providers: readonly ProviderConfig[],
  read: (database: SnapshotSource, provider: ProviderConfig) => Promise<T>,
): Promise<ProviderReading<T>[]> {
  const readings = await readEach(databaseOf, providers, async (database, mine) => {
    const values = new Map<ProviderConfig, T>();
    for (const provider of mine) values.set(provider, await read(database, provider));
    return values;
  });
  return providers.flatMap((provider) =>
    readings
      .filter((each) => each.providers.includes(provider))
      .map((each) => ({
        provider,
        reading: each.ok ? known(each.value.get(provider) as T) : unreachable(each.error),
      })),
  );
}
