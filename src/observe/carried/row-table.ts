import { setImmediate as breathe } from 'node:timers/promises';
import type { TokenRow } from '../token-rows.js';
import type { CarriedTable } from './expiry-table.js';

/** So many rows take a few milliseconds; then others have their turn. */
const rowsAtOnce = 20_000;

export interface CarriedRows extends CarriedTable<TokenRow> {
  readonly rows: () => readonly TokenRow[];
}

/** Carries whole rows, where they are remembered and judged one by one. */
export function createRowTable(): CarriedRows {
  const carried = new Map<string, { readonly row: TokenRow; readonly round: number }>();
  let round = 0;

  async function each(see: (id: string, row: TokenRow, of: number) => void): Promise<void> {
    let seen = 0;
    for (const [id, entry] of carried) {
      see(id, entry.row, entry.round);
      seen += 1;
      if (seen % rowsAtOnce === 0) await breathe();
    }
  }

  return {
    put(rows) {
      for (const row of rows) carried.set(row.id, { row, round });
      return Promise.resolve();
    },
    async endRound() {
      await each((id, _, of) => {
        if (of !== round) carried.delete(id);
      });
      round += 1;
    },
    visit: (see) =>
      each((_, { active, expiresAtMs }) => {
        see(active, expiresAtMs ?? Number.NaN);
      }),
    rows: () => Array.from(carried.values(), ({ row }) => row),
  };
}
