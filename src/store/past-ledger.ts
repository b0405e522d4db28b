import type { Query } from '../database/read-snapshot.js';
import { stateSchema } from './migrate.js';

/** What the ledger tells of a window in the past. */
export interface PastLedger {
  /** Its oldest line; null: it is empty. */
  readonly beginsAtMs: number | null;
  readonly counts: readonly {
    readonly provider: string;
    readonly event: string;
    readonly reason: string | null;
    readonly count: number;
    readonly firstAtMs: number;
    /** Of the first. */
    readonly tokenId: string;
  }[];
}

/** Reads what happened to these providers' tokens from `sinceMs` to before `untilMs`. */
export async function readPastLedger(
  query: Query,
  providers: readonly string[],
  { sinceMs, untilMs }: { readonly sinceMs: number; readonly untilMs: number },
): Promise<PastLedger> {
  const ms = (sql: string) => `floor(extract(epoch FROM ${sql}) * 1000)::float8`;
  const [begin] = await query<{ beginsAtMs: number | null }>(
    `SELECT ${ms('min(at)')} AS "beginsAtMs" FROM ${stateSchema}.ledger`,
  );
  const counts = await query<PastLedger['counts'][number] & Record<string, unknown>>(
    `SELECT provider, event, reason, count(*)::float8 AS count, ${ms('min(at)')} AS "firstAtMs",
            (array_agg(token_id ORDER BY at, id))[1] AS "tokenId"
     FROM ${stateSchema}.ledger WHERE provider = ANY($1) AND at >= $2 AND at < $3
     GROUP BY provider, event, reason ORDER BY provider, event, reason`,
    [providers, new Date(sinceMs), new Date(untilMs)],
  );
  return { beginsAtMs: begin?.beginsAtMs ?? null, counts };
}
