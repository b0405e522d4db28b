import type { Pool } from 'pg';
import { writeTransaction } from '../database/write-transaction.js';
import { readDeadTokens, reviveTokens } from '../store/dead-tokens.js';
import { fingerprintOf, readRows } from './app-rows.js';
import type { AppTable } from './app-table.js';

/** How many rows are read in one statement. */
const batch = 500;
/** How often it is looked: few rows are dead, and none of them is in a hurry. */
const everyMs = 5 * 60_000;

export interface RevivalParts {
  readonly provider: string;
  readonly appPool: Pool;
  readonly table: AppTable;
  readonly statePool: Pool;
}

/**
 * Looks whether the rows of dead grants hold another refresh token by now, and ends their death
 * where they do; returns those tokens.
 *
 * Polls see an expiry move, but no secret change. Where no expiry is recorded, or where it stayed,
 * a user who authorized again would otherwise be taken for dead until a person says something.
 */
export async function reviveDead(parts: RevivalParts): Promise<readonly string[]> {
  const { provider, appPool, table, statePool } = parts;
  const dead = await writeTransaction(statePool, (query) => readDeadTokens(query, provider));
  const revived: string[] = [];
  for (let from = 0; from < dead.length; from += batch) {
    const some = dead.slice(from, from + batch);
    const ids = some.map(({ tokenId }) => tokenId);
    const rows = await writeTransaction(appPool, (query) => readRows(query, table, ids));
    const current = new Map(
      rows.flatMap(({ tokenId, refreshToken }): [string, string][] =>
        refreshToken === null ? [] : [[tokenId, fingerprintOf(provider, tokenId, refreshToken)]],
      ),
    );
    const changed = some.filter(({ tokenId, fingerprint }) => {
      const now = current.get(tokenId);
      return now !== undefined && now !== fingerprint;
    });
    if (changed.length === 0) continue;
    const ended = await writeTransaction(statePool, (query) =>
      reviveTokens(query, provider, changed),
    );
    revived.push(...ended);
  }
  return revived;
}

/** The same, beside the polls. */
export interface Revival {
  /** Looks, where the last look was long enough ago; never waits. */
  readonly check: () => void;
  readonly settled: () => Promise<void>;
}

/** Looks at the first poll, then every five minutes; one look at a time. */
export function createRevival(
  parts: RevivalParts,
  monotonicMs: () => number,
  onTrouble: (message: string, error: unknown) => void,
): Revival {
  let nextAtMs = -Infinity;
  let looking: Promise<void> | null = null;
  return {
    check() {
      if (looking !== null || monotonicMs() < nextAtMs) return;
      nextAtMs = monotonicMs() + everyMs;
      looking = reviveDead(parts)
        .then(
          () => undefined,
          (error: unknown) => {
            onTrouble('it could not be seen whether dead grants were authorized again', error);
          },
        )
        .finally(() => {
          looking = null;
        });
    },
    async settled() {
      await looking;
    },
  };
}
