import { attempts, failedTotal } from './refresh-totals.js';
import type { RefreshTotals } from './refresh-totals.js';

const confidence = 0.95;

/** From so many trials on three in n is as good as the exact bound, and on the safe side of it. */
const ruleOfThreeFrom = 30;

/**
 * The upper end of the one-sided 95 % confidence interval for the rate of failure, after `failures`
 * in `trials`; null when nothing was tried.
 *
 * Without a failure it is the rule of three, 3/n. Else, and for few trials, it is exact: the limit of
 * Clopper and Pearson, Biometrika 26 (1934).
 */
export function failureRateBound(trials: number, failures: number): number | null {
  if (trials === 0) return null;
  if (failures >= trials) return 1;
  if (failures === 0 && trials >= ruleOfThreeFrom) return 3 / trials;
  let low = failures / trials;
  let high = 1;
  // Bisection: the more often one fails, the less likely are so few failures.
  for (let step = 0; step < 60; step += 1) {
    const rate = (low + high) / 2;
    if (probabilityOfAtMost(failures, trials, rate) > 1 - confidence) low = rate;
    else high = rate;
  }
  return high;
}

/** P(X <= k) for X binomial with n trials. In logarithms: the terms are too small for a double. */
function probabilityOfAtMost(k: number, n: number, rate: number): number {
  const odds = Math.log(rate) - Math.log1p(-rate);
  let term = n * Math.log1p(-rate);
  let sum = term;
  for (let i = 1; i <= k; i += 1) {
    term += Math.log((n - i + 1) / i) + odds;
    const [larger, smaller] = term > sum ? [term, sum] : [sum, term];
    sum = larger + Math.log1p(Math.exp(smaller - larger));
  }
  return Math.exp(sum);
}

/** `312 refreshes, 0 failures: with 95 % confidence fewer than 1 in 104 fail`. */
export function describeFailureRate(totals: RefreshTotals): string {
  const tried = attempts(totals);
  const failures = failedTotal(totals);
  const bound = failureRateBound(tried, failures);
  if (bound === null) return 'no refresh was tried: nothing bounds the rate of failure';
  const counts = `${plural(tried, 'refresh', 'refreshes')}, ${plural(failures, 'failure', 'failures')}`;
  const reasons = Object.entries(totals.failed).map(([reason, count]) => `${reason} ${count}`);
  const told = `${counts}${reasons.length > 0 ? ` (${reasons.join(', ')})` : ''}`;
  if (bound >= 1) return `${told}: too few successes to bound the rate of failure`;
  // Rounded to the safe side: one in fewer, or a higher share.
  const share =
    bound <= 0.5 ? `1 in ${group(Math.floor(1 / bound))}` : `${Math.ceil(bound * 100)} in 100`;
  return `${told}: with 95 % confidence fewer than ${share} fail`;
}

/** `1 refresh`, `5,760 samples`. */
export function plural(count: number, one: string, many: string): string {
  return `${group(count)} ${count === 1 ? one : many}`;
}

/** `5,760` */
export function group(count: number): string {
  return String(count).replaceAll(/\B(?=(\d{3})+$)/g, ',');
}
