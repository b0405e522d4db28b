import type { Pool } from 'pg';
import type { ProviderConfig } from '../config/config.js';
import type { Query } from '../database/read-snapshot.js';
import { writeTransaction } from '../database/write-transaction.js';
import { epochMs } from '../observe/instant-sql.js';
import { recordSwitches } from '../store/switch-events.js';
import type { SwitchByHand } from '../store/switch-events.js';
import { grantSwitch, switchActive, SwitchRefused } from './active-flag.js';
import type { FlaggedRow } from './active-flag.js';

/** A row that is to be switched, and what the ledger says of it. */
export interface RowSwitch extends FlaggedRow {
  readonly provider: ProviderConfig;
  readonly event: SwitchByHand;
  readonly reason: string | null;
}

/** Who switches, and why. */
export interface SwitchOrder {
  readonly actor: string;
  readonly why: string | null;
}

/** Where rows and memory are written. `state` is null where both are one database. */
export interface SwitchPools {
  readonly app: Pool;
  readonly state: Pool | null;
}

export type SwitchResult =
  | { readonly ok: true }
  /** Nothing was changed, and why. `error`: the database failed, else the rows were not as expected. */
  | { readonly ok: false; readonly problem: string; readonly error: unknown };

/**
 * Switches rows on or off: all of them and their lines in the ledger, in one transaction, or none.
 *
 * A memory in another database commits its lines first. Should the rows then not follow, the ledger
 * tells of a switch that was not, which a later look at the row shows; the other way round a row
 * would be off and nobody could say who did it, nor undo it.
 */
export async function switchRows(
  { app, state }: SwitchPools,
  rows: readonly RowSwitch[],
  on: boolean,
  { actor, why }: SwitchOrder,
): Promise<SwitchResult> {
  const lines = rows.map(({ provider, ...row }) => ({ ...row, provider: provider.name }));
  const providers = [...new Set(rows.map(({ provider }) => provider))];
  let current: ProviderConfig | null = null;
  let role = '';
  try {
    await writeTransaction(app, async (query) => {
      const [session] = await query<{ role: string; nowMs: number }>(
        `SELECT current_user::text AS role, ${epochMs('now()')} AS "nowMs"`,
      );
      role = session?.role ?? '';
      for (const provider of providers) {
        current = provider;
        const mine = rows.filter((row) => row.provider === provider);
        await switchActive(query, provider, mine, on);
      }
      current = null;
      const record = (own: Query) => recordSwitches(own, lines, actor, why, session?.nowMs ?? null);
      await (state === null ? record(query) : writeTransaction(state, record));
    });
    return { ok: true };
  } catch (error) {
    return { ok: false, problem: explain(error, current, role), error };
  }
}

function explain(error: unknown, provider: ProviderConfig | null, role: string): string {
  if (error instanceof SwitchRefused) return error.message;
  const { code, message } = error as { code?: unknown; message?: unknown };
  const isDenied = code === '42501';
  if (isDenied && provider !== null) {
    return `${provider.name}: the role ${role} may not write the flag, so nothing was changed; ${grantSwitch(provider, role)}`;
  }
  if (isDenied) {
    return 'the ledger can not be written, so nothing was changed: this role may not use the schema oauth_token_exporter';
  }
  return `nothing was changed, unless the connection broke while the database committed: run it again to see (${String(message)})`;
}
