import { readSlices } from '../database/read-slices.js';
import type { Query } from '../database/read-snapshot.js';
import { stateSchema } from './migrate.js';
import { tokenMemoryColumns } from './token-memory.js';
import type { TokenMemory } from './token-memory.js';

/**
 * What is remembered of a provider's tokens, by token id, as one reading left it. The next reading
 * brings the same map up to date; that of a transaction that was not committed is to be dropped.
 */
export interface CarriedMemory {
  readonly tokens: Map<string, TokenMemory>;
  readonly mark: MemoryMark;
}

/** How far the transactions of a server were before a reading. */
export interface MemoryMark {
  /** All below had ended: what they wrote was read. With the epoch: these ids never come again. */
  readonly endedBelow: number;
  /** Changes with whatever might give the same ids to other transactions, or the table other rows. */
  readonly place: string;
  /** Rows of the provider. */
  readonly rows: number;
}

/**
 * Reads what is remembered of all tokens of a provider: of what is carried only what was written
 * since. Inside a transaction, READ COMMITTED will do.
 *
 * Each row names the transaction that wrote it. One that the last reading could not see had not
 * ended before that reading's mark, whoever wrote it and however late it committed; the same goes
 * for its subtransactions, whose ids are later. Rows that were deleted by hand leave fewer than are
 * carried.
 */
export async function readCarriedMemory(
  query: Query,
  provider: string,
  carried: CarriedMemory | null,
): Promise<CarriedMemory> {
  // First, so that it is older than all rows that are read: what it misses is read once more.
  const mark = await readMark(query, provider);
  if (carried !== null && canCarryOn(carried.mark, mark)) {
    const { tokens } = carried;
    const since = 'AND age(xmin) <= age($2::xid8::xid)';
    await readInto(tokens, query, since, [provider, String(carried.mark.endedBelow)]);
    if (tokens.size === mark.rows) return { tokens, mark };
  }
  const tokens = new Map<string, TokenMemory>();
  await readInto(tokens, query, '', [provider]);
  return { tokens, mark };
}

/** Rows know 32 bits of an id only: two that are half of that apart can't be told to be in order. */
const comparableIds = 2 ** 31;

function canCarryOn(last: MemoryMark, next: MemoryMark): boolean {
  const passed = next.endedBelow - last.endedBelow;
  return last.place === next.place && passed >= 0 && passed < comparableIds;
}

async function readInto(
  tokens: Map<string, TokenMemory>,
  query: Query,
  condition: string,
  values: readonly unknown[],
): Promise<void> {
  const select = `SELECT ${tokenMemoryColumns} FROM ${stateSchema}.tokens WHERE provider = $1`;
  await readSlices<TokenMemory>(query, `${select} ${condition}`, values, (rows) => {
    for (const row of rows) tokens.set(row.tokenId, row);
  });
}

/**
 * A server that is restored, replaced or swapped for another may use ids again; so may one that
 * lost its last commits in a crash, which resets its statistics.
 */
async function readMark(query: Query, provider: string): Promise<MemoryMark> {
  const [mark] = await query<MemoryMark & Record<string, unknown>>(
    `SELECT pg_snapshot_xmin(pg_current_snapshot())::text::float8 AS "endedBelow",
            concat_ws(' ', pg_postmaster_start_time(), pg_stat_get_bgwriter_stat_reset_time(),
              (SELECT oid FROM pg_database WHERE datname = current_database()),
              '${stateSchema}.tokens'::regclass::oid) AS place,
            count(*)::float8 AS rows
     FROM ${stateSchema}.tokens WHERE provider = $1`,
    [provider],
  );
  if (mark === undefined) throw new TypeError('the database did not tell its snapshot');
  return mark;
}
