import type { ProviderConfig } from '../config/config.js';
import type { Snapshot } from '../database/read-snapshot.js';
import { readCatalog } from './catalog.js';
import { epochMs, instantParameter } from './instant-sql.js';
import { tablesRead } from './observe.js';
import { known, unknown } from './reading.js';
import type { Reading } from './reading.js';
import { statementFailed } from './statement-failed.js';
import { resolveSyncSource } from './sync-source.js';
import { readTokenRows } from './token-rows.js';
import type { TokenRow } from './token-rows.js';
import { resolveTokenSource } from './token-source.js';

/** A window in the past. */
export interface PastWindow {
  readonly sinceMs: number;
  readonly untilMs: number;
}

/** A stretch between two successful syncs of whomever, or before the first, or after the last. */
export interface Silence {
  readonly fromMs: number;
  /** null: no success came any more. */
  readonly toMs: number | null;
}

/** What the logs say of the syncs around a window. */
export interface SyncHistory {
  /** Longest stretch without a success in the two weeks before; null: no two successes are recorded. */
  readonly longestBeforeMs: number | null;
  /** The longest stretch that reaches into the window; null: none is recorded at all. */
  readonly silence: Silence | null;
}

export interface ProviderHistory {
  readonly provider: string;
  /** The rows as they are now: of the past they tell only what has not changed since. */
  readonly tokens: Reading<readonly TokenRow[]>;
  readonly syncs: Reading<SyncHistory>;
}

/** How far before a window its rhythm is looked for. */
export const lookBackMs = 14 * 86_400_000;

/** Reads what the application's tables still tell of a past window. */
export async function readHistory(
  { query, isolated }: Snapshot,
  role: string,
  provider: ProviderConfig,
  window: PastWindow,
): Promise<ProviderHistory> {
  const { name } = provider;
  const catalog = await readCatalog(query, role, tablesRead(provider));
  const source = resolveTokenSource(provider.tokens, catalog);
  if (!source.known) return { provider: name, tokens: source, syncs: source };
  const rows = await isolated(() => readTokenRows(query, source.value));
  const tokens = rows.ok ? known(rows.value) : statementFailed(rows.error);

  const { syncs } = provider;
  const noLog = unknown('missing', 'no log of syncs is mapped', 'map syncs.last_success to one');
  if (syncs === null) return { provider: name, tokens, syncs: noLog };
  const { evidence } = resolveSyncSource(syncs, source.value, catalog, () => false);
  if (!evidence.known) return { provider: name, tokens, syncs: evidence };
  const logs = evidence.value.tables.map(({ sql }) => `SELECT at FROM ${sql} AS log`);
  if (logs.length === 0) return { provider: name, tokens, syncs: noLog };
  const read = await isolated(async () => {
    const [row] = await query<HistoryRow>(historySql(logs), [
      instantParameter(window.sinceMs - lookBackMs),
      instantParameter(window.sinceMs),
      instantParameter(window.untilMs),
    ]);
    return toHistory(row);
  });
  return {
    provider: name,
    tokens,
    syncs: read.ok ? known(read.value) : statementFailed(read.error),
  };
}

interface HistoryRow {
  readonly longest_before_ms: number | null;
  readonly from_ms: number | null;
  readonly to_ms: number | null;
}

function toHistory(row: HistoryRow | undefined): SyncHistory {
  const fromMs = row?.from_ms ?? null;
  return {
    longestBeforeMs: row?.longest_before_ms ?? null,
    silence: fromMs === null ? null : { fromMs, toMs: row?.to_ms ?? null },
  };
}

/** Successes are compared with the one before, whoever's they are: a sync that runs serves somebody. */
function historySql(logs: readonly string[]): string {
  return `
WITH successes AS (
  SELECT at, lead(at) OVER (ORDER BY at) AS next_at
  FROM (${logs.join(' UNION ALL ')}) AS logs
  WHERE at >= $1::timestamptz AND at < $3::timestamptz
), stretch AS (
  SELECT at, next_at FROM successes
  WHERE coalesce(next_at, $3::timestamptz) > $2::timestamptz
  ORDER BY coalesce(next_at, $3::timestamptz) - at DESC LIMIT 1
)
SELECT (SELECT extract(epoch FROM max(next_at - at))::float8 * 1000 FROM successes
        WHERE next_at < $2::timestamptz) AS longest_before_ms,
       (SELECT ${epochMs('at')} FROM stretch) AS from_ms,
       (SELECT ${epochMs('next_at')} FROM stretch) AS to_ms`;
}
