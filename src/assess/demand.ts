const minuteMs = 60_000;

/** Tokens that live equally long. */
export interface LifetimeGroup {
  readonly count: number;
  readonly lifetimeMs: number;
}

/** Tokens that wait for a refresh and expire in the same time; negative: already expired. */
export interface WaitingGroup {
  readonly count: number;
  readonly remainingMs: number;
}

/** Whether a provider's rate is enough for its tokens, and by which measure it is not. */
export type Demand =
  | {
      readonly feasible: true;
      readonly neededPerMinute: number;
      readonly allowedPerMinute: number;
    }
  | {
      readonly feasible: false;
      /**
       * `steady`: there are too many tokens for the rate, now and always.
       * `cohort`: the rate is enough for all of them, but not for those that expire together now.
       */
      readonly shortage: 'steady' | 'cohort';
      readonly neededPerMinute: number;
      readonly allowedPerMinute: number;
    };

/**
 * Compares the rate that the tokens need with the rate that the provider allows.
 *
 * A shortage is an incident and not a queue: what can't be refreshed in time expires, however
 * patiently it waits.
 */
export function assessDemand(
  all: readonly LifetimeGroup[],
  waiting: readonly WaitingGroup[],
  allowedPerMinute: number,
): Demand {
  const steady = steadyRatePerMinute(all);
  if (steady > allowedPerMinute) {
    return { feasible: false, shortage: 'steady', neededPerMinute: steady, allowedPerMinute };
  }
  const cohort = cohortRatePerMinute(waiting);
  if (cohort > allowedPerMinute) {
    return { feasible: false, shortage: 'cohort', neededPerMinute: cohort, allowedPerMinute };
  }
  return { feasible: true, neededPerMinute: Math.max(steady, cohort), allowedPerMinute };
}

/**
 * The steady state: each token needs at least one refresh per lifetime, so n tokens need n / L.
 * The lead time does not matter here: a queue that is late still holds as long as each token's
 * turn comes before it expires.
 */
export function steadyRatePerMinute(groups: readonly LifetimeGroup[]): number {
  return groups.reduce((sum, { count, lifetimeMs }) => sum + count / (lifetimeMs / minuteMs), 0);
}

/**
 * The cohort: the slowest rate at which, the earliest expiry first, none of the waiting tokens
 * expires. For each group, all that go before it must fit into the time it has left, those that
 * have expired already included: nothing can keep them from expiring, but they go first. What has
 * less than a minute left counts with those: one token with a second left is no demand of 60/min.
 */
export function cohortRatePerMinute(waiting: readonly WaitingGroup[]): number {
  let before = 0;
  let needed = 0;
  for (const { count, remainingMs } of [...waiting].sort((a, b) => a.remainingMs - b.remainingMs)) {
    before += count;
    if (remainingMs >= minuteMs) needed = Math.max(needed, before / (remainingMs / minuteMs));
  }
  return needed;
}

/**
 * `needs 170/min, allowed 60`. The need is rounded up to two digits: a rate that is set to what
 * the text says must be enough.
 */
export function describeDemand({ neededPerMinute, allowedPerMinute }: Demand): string {
  return `needs ${roundedUp(neededPerMinute)}/min, allowed ${allowedPerMinute}`;
}

function roundedUp(rate: number): number {
  if (rate <= 0) return 0;
  const unit = 10 ** (Math.floor(Math.log10(rate)) - 1);
  // Through its decimal form: 3 * 0.1 would read 0.30000000000000004.
  return Number((Math.ceil(rate / unit) * unit).toPrecision(2));
}
