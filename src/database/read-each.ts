import type { DatabaseOf } from './databases.js';
import { DatabaseError } from './explain-database-error.js';
import type { SnapshotSource } from './read-snapshot.js';

/** What one database answered for those whose rows are in it, or why it could not be used. */
export type EachReading<P, T> = { readonly providers: readonly P[] } & (
  { readonly ok: true; readonly value: T } | { readonly ok: false; readonly error: DatabaseError }
);

/** Those whose rows are in the same database, in their order, by its name. */
export function groupByDatabase<P extends { readonly database: string }>(
  providers: readonly P[],
): ReadonlyMap<string, readonly P[]> {
  const groups = new Map<string, P[]>();
  for (const provider of providers) {
    const group = groups.get(provider.database);
    if (group === undefined) groups.set(provider.database, [provider]);
    else group.push(provider);
  }
  return groups;
}

/**
 * Reads every database that these providers are in, all at the same time. One that can't be used is
 * a result as long as another can; where none can, throws `DatabaseError`.
 */
export async function readEach<P extends { readonly database: string }, T>(
  databaseOf: DatabaseOf,
  providers: readonly P[],
  read: (database: SnapshotSource, providers: readonly P[]) => Promise<T>,
): Promise<EachReading<P, T>[]> {
  const groups = [...groupByDatabase(providers)];
  const readings = await Promise.all(
    groups.map(async ([database, group]): Promise<EachReading<P, T>> => {
      try {
        const value = await read(databaseOf({ database }), group);
        return { providers: group, ok: true, value };
      } catch (error) {
        if (!(error instanceof DatabaseError)) throw error;
        return { providers: group, ok: false, error };
      }
    }),
  );
  const [first] = readings;
  if (first?.ok === false && readings.every(({ ok }) => !ok)) throw first.error;
  return readings;
}
