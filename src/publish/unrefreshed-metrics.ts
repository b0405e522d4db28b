import type { Registry } from 'prom-client';
import type { GrantAssessment } from '../assess/grants.js';
import { cliffThreshold, hasExpired, isTimeToTell } from '../assess/unrefreshed.js';
import { gauge } from './gauge.js';

/** Takes over what a poll says of a provider; null: without memory nobody knows who refreshes. */
export type RecordUnrefreshed = (provider: string, grants: GrantAssessment | null) => void;

/** Creates the metrics of tokens that no refresh will save; `cliffShare` as incidents have it. */
export function createUnrefreshedMetrics(
  registry: Registry,
  cliffShare: number,
): RecordUnrefreshed {
  const expiring = gauge(
    registry,
    'oauth_tokens_expiring_unrefreshed',
    'Active tokens that should be refreshed by now, have not expired, and that nobody refreshes.',
    ['provider'],
  );
  const cohort = gauge(
    registry,
    'oauth_tokens_unrefreshed_cohort',
    'Most active tokens that will expire within the same 72 hours and that nobody refreshes.',
    ['provider'],
  );
  const cliff = gauge(
    registry,
    'oauth_tokens_expiry_cliff_threshold',
    'As many tokens expiring within the same 72 hours, refreshed by nobody, are an expiry cliff.',
    ['provider'],
  );
  return (provider, grants) => {
    if (grants === null) return;
    const { active, unrefreshed } = grants;
    const told = unrefreshed.tokens.filter((each) => isTimeToTell(each) && !hasExpired(each));
    expiring.set({ provider }, told.length);
    cohort.set({ provider }, unrefreshed.cohort.length);
    cliff.set({ provider }, cliffThreshold(active.length, cliffShare));
  };
}
