import type { Registry } from 'prom-client';
import { webhookProblems } from '../assess/webhooks.js';
import type { WebhookAssessment } from '../assess/webhooks.js';
import { gauge } from './gauge.js';

/** Metrics of a provider's webhooks. */
export interface WebhookMetrics {
  readonly record: (provider: string, webhooks: WebhookAssessment | null) => void;
}

/**
 * Creates the metrics of webhooks. What nothing was measured of has no series.
 *
 * The label is `percentile`, since promtool reserves `quantile` for summaries.
 */
export function createWebhookMetrics(registry: Registry): WebhookMetrics {
  const lastReceived = gauge(
    registry,
    'oauth_webhook_last_received_timestamp_seconds',
    'When the last row that webhooks bring came in. Absent where none ever did.',
    ['provider'],
  );
  const delay = gauge(
    registry,
    'oauth_webhook_delay_seconds',
    'Time from an event to its row, of the rows of webhooks.window; percentile: 50 and 90.',
    ['provider', 'percentile'],
  );
  const events = gauge(
    registry,
    'oauth_webhook_events',
    'Events taken in within webhooks.window, by what became of them; other: not finished.',
    ['provider', 'outcome'],
  );
  const problem = gauge(
    registry,
    'oauth_webhook_problem',
    'Whether the webhooks of a provider have a problem of each kind.',
    ['provider', 'problem'],
  );
  return {
    record(provider, webhooks) {
      if (webhooks === null) return;
      const { arrivals, events: counts, problems } = webhooks;
      const lastMs = arrivals?.lastReceivedAtMs ?? null;
      if (lastMs === null) lastReceived.remove({ provider });
      else lastReceived.set({ provider }, lastMs / 1000);
      const percentiles = [
        ['50', arrivals?.delayMs?.median],
        ['90', arrivals?.delayMs?.p90],
      ] as const;
      for (const [percentile, ms] of percentiles) {
        if (ms === undefined) delay.remove({ provider, percentile });
        else delay.set({ provider, percentile }, ms / 1000);
      }
      if (counts !== null) {
        events.set({ provider, outcome: 'succeeded' }, counts.succeeded);
        events.set({ provider, outcome: 'failed' }, counts.failed);
        events.set({ provider, outcome: 'other' }, counts.other);
      }
      for (const each of webhookProblems) {
        problem.set({ provider, problem: each }, Number(problems.includes(each)));
      }
    },
  };
}
