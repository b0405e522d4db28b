import type { ProviderConfig } from '../config/config.js';
import { readSnapshot } from '../database/read-snapshot.js';
import type { Query, SnapshotSource } from '../database/read-snapshot.js';
import { resolveBacklog } from './backlog-source.js';
import type { BacklogSource } from './backlog-source.js';
import { readCatalog } from './catalog.js';
import { fetchAll } from './fetch-all.js';
import { epochMs } from './instant-sql.js';
import { readNow, tablesRead } from './observe.js';
import { known, unknown } from './reading.js';
import type { Reading } from './reading.js';
import { statementFailed } from './statement-failed.js';
import { resolveTokenSource } from './token-source.js';
import type { TokenSource } from './token-source.js';

/** An instant, or a length of time before the database's now. */
export type BacklogSince = { readonly atMs: number } | { readonly agoMs: number };

/** What one subject's items lack. */
export interface BacklogSubject {
  /** null: rows that belong to nobody. */
  readonly subject: string | null;
  /** Its tokens; the application can sync only with an active one. */
  readonly tokens: readonly { readonly id: string; readonly active: boolean }[];
  /** Rows that lack something. */
  readonly rows: number;
  /** Rows that lack each of the columns, in their order. */
  readonly missing: readonly number[];
  readonly oldestAtMs: number;
  readonly newestAtMs: number;
}

export interface Backlog {
  /** Whoever waits longest first. */
  readonly subjects: readonly BacklogSubject[];
  readonly columns: readonly string[];
}

export interface BacklogReading {
  readonly now: Date;
  readonly sinceMs: number;
  readonly backlog: Reading<Backlog>;
}

/**
 * Counts per subject which items since `since` lack something. Reads no content: what is missing is
 * decided inside the database. Throws `DatabaseError` as `observe` does.
 */
export async function observeBacklog(
  database: SnapshotSource,
  provider: ProviderConfig,
  since: BacklogSince,
): Promise<BacklogReading> {
  return readSnapshot(database, async ({ query, isolated }) => {
    const { now, role } = await readNow(query, () => 0);
    const fromMs = instantSince(since, now);
    const told = (backlog: Reading<Backlog>): BacklogReading => ({ now, sinceMs: fromMs, backlog });
    const config = provider.backlog;
    if (config === null) {
      return told(unknown('missing', 'no backlog is configured', "map the provider's backlog"));
    }
    const catalog = await readCatalog(query, role, [config, ...tablesRead(provider)]);
    const tokens = resolveTokenSource(provider.tokens, catalog);
    if (!tokens.known) return told(tokens);
    const source = resolveBacklog(config, catalog);
    if (!source.known) return told(source);
    const read = await isolated(() => readBacklog(query, source.value, tokens.value, fromMs));
    return told(read.ok ? known(read.value, source.notes) : statementFailed(read.error));
  });
}

/** The instant that is meant, by the clock that says `now`. */
export function instantSince(since: BacklogSince, now: Date): number {
  return 'atMs' in since ? since.atMs : now.getTime() - since.agoMs;
}

type CountedRow = Omit<BacklogSubject, 'tokens'>;

async function readBacklog(
  query: Query,
  { columns, conditions, subject, at, from, where }: BacklogSource,
  tokens: TokenSource,
  sinceMs: number,
): Promise<Backlog> {
  const lacks = conditions.map((sql, index) => `${sql} AS lacks_${String(index)}`);
  const flags = conditions.map((_, index) => `lacks_${String(index)}`);
  const counts = flags.map((flag) => `count(*) FILTER (WHERE ${flag})`);
  const counted = await fetchAll<CountedRow>(
    query,
    `SELECT subject, count(*)::float8 AS rows, ARRAY[${counts.join(', ')}]::float8[] AS missing,
            ${epochMs('min(at)')} AS "oldestAtMs", ${epochMs('max(at)')} AS "newestAtMs"
     FROM (SELECT ${subject} AS subject, ${at} AS at, ${lacks.join(', ')}
           FROM ${from} WHERE ${where} AND ${at} >= ${instantOf(sinceMs)}) AS items
     WHERE ${flags.join(' OR ')}
     GROUP BY subject ORDER BY min(at), subject`,
  );
  const bySubject = new Map(
    counted.map((row) => [row.subject, [] as { id: string; active: boolean }[]]),
  );
  const rows = await fetchAll<{ id: string; subject: string; active: boolean }>(
    query,
    `SELECT id, subject, active
     FROM (SELECT ${tokens.id} AS id, ${tokens.subject} AS subject, ${tokens.active} AS active
           FROM ${tokens.from}) AS tokens
     WHERE id IS NOT NULL AND subject IS NOT NULL ORDER BY id`,
  );
  for (const { id, subject: owner, active } of rows) bySubject.get(owner)?.push({ id, active });
  return {
    columns,
    subjects: counted.map((row) => ({ ...row, tokens: bySubject.get(row.subject) ?? [] })),
  };
}

/** A cursor takes no parameters; a number of ours needs none. */
function instantOf(ms: number): string {
  return `to_timestamp(${String(ms)} / 1000.0)`;
}
