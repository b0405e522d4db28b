/** What the ledger counts of refreshes since the baseline, by all replicas. */
export interface RefreshTotals {
  readonly refreshed: number;
  /** Stored from the journal after a crash: part of `refreshed`. */
  readonly recovered: number;
  /** By reason; a grant that died is one of them. */
  readonly failed: Readonly<Record<string, number>>;
}

export const noRefreshes: RefreshTotals = { refreshed: 0, recovered: 0, failed: {} };

/** A line of the ledger, counted. */
export interface LedgerCount {
  readonly provider: string;
  readonly event: string;
  readonly reason: string | null;
  readonly count: number;
}

export function failedTotal({ failed }: RefreshTotals): number {
  return Object.values(failed).reduce((sum, count) => sum + count, 0);
}

/** All attempts that were answered or failed. One that somebody else was faster at is none. */
export function attempts(totals: RefreshTotals): number {
  return totals.refreshed + failedTotal(totals);
}

/** Adds up one provider's lines. */
export function refreshTotals(provider: string, counts: readonly LedgerCount[]): RefreshTotals {
  let { refreshed, recovered } = noRefreshes;
  const failed = new Map<string, number>();
  for (const { event, reason, count } of counts.filter((each) => each.provider === provider)) {
    if (event === 'refreshed' || event === 'recovered') refreshed += count;
    if (event === 'recovered') recovered += count;
    if (event === 'failed' || event === 'died') {
      const word = reason ?? 'other_error';
      failed.set(word, (failed.get(word) ?? 0) + count);
    }
  }
  return { refreshed, recovered, failed: Object.fromEntries(failed) };
}
