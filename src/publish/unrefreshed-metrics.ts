import type { Registry } from 'prom-client';
import type { GrantAssessment } from '../assess/grants.js';
import { assessUnrefreshed } from '../assess/unrefreshed.js';
import { gauge } from './gauge.js';

/** Takes over what a poll says of a provider; null: without memory nobody knows who refreshes. */
export type RecordUnrefreshed = (
  provider: string,
  grants: GrantAssessment | null,
  refreshedByUs: boolean,
  observedAt: Date | null,
) => void;

/** Creates the metrics of tokens that no refresh will save. */
export function createUnrefreshedMetrics(
  registry: Registry,
  pollIntervalMs: number,
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
  return (provider, grants, refreshedByUs, observedAt) => {
    if (grants === null || observedAt === null) return;
    const nowMs = observedAt.getTime();
    const found = assessUnrefreshed(grants.tokens, refreshedByUs, nowMs, pollIntervalMs);
    expiring.set({ provider }, found.expiring);
    cohort.set({ provider }, found.cohort);
  };
}
