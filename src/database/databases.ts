import { openPool } from './open-pool.js';
import type { PlannedConnection } from './plan-connections.js';
import type { SnapshotSource } from './read-snapshot.js';

/** Finds the database that holds a provider's tokens. */
export type DatabaseOf = (provider: { readonly database: string }) => SnapshotSource;

/** The databases that hold tokens, each with a pool of its own: none waits for another. */
export interface Databases {
  /** By name, in the order of the configuration. */
  readonly all: ReadonlyMap<string, SnapshotSource>;
  readonly of: DatabaseOf;
  readonly close: () => Promise<void>;
}

/** One database may use more than each of many, so that fifty stay below a hundred connections. */
const alone = 4;
const ofMany = 2;

/** Opens a pool for each database. Nothing is contacted before it is used. */
export function openDatabases(
  connections: ReadonlyMap<string, PlannedConnection>,
  options: {
    readonly timeoutMs: number;
    readonly connectTimeoutMs: number;
    readonly onIdleError: (database: string, error: Error) => void;
  },
): Databases {
  const max = connections.size > 1 ? ofMany : alone;
  const all = new Map<string, SnapshotSource>();
  for (const [name, { client, target }] of connections) {
    const pool = openPool(client, {
      connectTimeoutMs: options.connectTimeoutMs,
      onIdleError: (error) => {
        options.onIdleError(name, error);
      },
      max,
    });
    all.set(name, { pool, target, timeoutMs: options.timeoutMs });
  }
  return {
    all,
    of({ database }) {
      const found = all.get(database);
      if (found === undefined) throw new TypeError(`no database is named ${database}`);
      return found;
    },
    async close() {
      await Promise.all([...all.values()].map(({ pool }) => pool.end()));
    },
  };
}
