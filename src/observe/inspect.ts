import { epochMs } from './instant-sql.js';
import type { Config } from '../config/config.js';
import { readSnapshot } from '../database/read-snapshot.js';
import type { SnapshotSource } from '../database/read-snapshot.js';
import { readCatalog } from './catalog.js';
import type { Catalog } from './catalog.js';
import { observe, readNow, tablesRead } from './observe.js';
import type { Observation } from './observe.js';
import { resolveTokenSource } from './token-source.js';

/** What `doctor` wants to know beyond a poll. */
export interface Inspection {
  readonly role: string;
  readonly serverVersion: string;
  readonly catalog: Catalog;
  /** What a poll would see. */
  readonly observation: Observation;
  /** Per provider: the latest finite expiry of a token that has not expired; null without one. */
  readonly latestExpiresAtMs: ReadonlyMap<string, number | null>;
}

/** Looks at the database as a poll does, and a little further. Throws `DatabaseError`. */
export async function inspect(
  database: SnapshotSource,
  config: Config,
  localClockMs: () => number,
): Promise<Inspection> {
  const observation = await observe(database, config, new Set(), localClockMs);
  return readSnapshot(database, async ({ query, isolated }) => {
    const { role } = await readNow(query, localClockMs);
    const [server] = await query<{ version: string }>(
      `SELECT current_setting('server_version') AS version`,
    );
    const catalog = await readCatalog(query, role, config.providers.flatMap(tablesRead));
    const latest = new Map<string, number | null>();
    for (const { name, tokens } of config.providers) {
      const source = resolveTokenSource(tokens, catalog);
      if (!source.known) continue;
      const read = await isolated(() =>
        query<{ latest: number | null }>(
          `SELECT ${epochMs('max(expires_at)')} AS latest
           FROM (SELECT ${source.value.expiresAt} AS expires_at FROM ${source.value.from}) AS tokens
           WHERE isfinite(expires_at) AND expires_at > $1::timestamptz`,
          [observation.now.toISOString()],
        ),
      );
      latest.set(name, read.ok ? (read.value[0]?.latest ?? null) : null);
    }
    return {
      role,
      serverVersion: server?.version ?? 'unknown',
      catalog,
      observation,
      latestExpiresAtMs: latest,
    };
  });
}
