import { nothingKnown } from '../assess/assess.js';
import type { Assessment } from '../assess/assess.js';
import { renderExposition } from './exposition.js';
import type { Exposition } from './exposition.js';
import type { ExporterFacts, Metrics, PollRecord } from './metrics.js';
import { readiness } from './readiness.js';
import type { Pages } from './server.js';
import { renderTokenSeries } from './token-series.js';

/** Holds what the last poll showed, ready to be served from memory. */
export interface Publisher {
  readonly pages: Pages;
  /** What is known since the last poll. */
  readonly latest: () => Assessment;
  readonly publish: (assessment: Assessment, poll: PollRecord) => Promise<void>;
}

/** Renders the first, empty exposition, so that `/metrics` answers from the start. */
export async function createPublisher(
  metrics: Metrics,
  facts: ExporterFacts,
  now: () => Date,
): Promise<Publisher> {
  let assessment: Assessment = nothingKnown;
  let lastSuccessAt: Date | null = null;
  let tokenSeries = await renderTokenSeries(assessment.providers);
  let exposition: Exposition = await renderExposition(metrics.registry, tokenSeries);
  const currentReadiness = () => readiness(lastSuccessAt, assessment, now(), facts.pollIntervalMs);

  return {
    latest: () => assessment,
    pages: {
      exposition: () => exposition,
      readiness: currentReadiness,
    },
    async publish(latest, poll) {
      metrics.recordPoll(latest, poll);
      if (latest.databaseFailure === null) tokenSeries = await renderTokenSeries(latest.providers);
      exposition = await renderExposition(metrics.registry, tokenSeries);
      // Not before: the pages agree, and who waits for readiness finds the poll in /metrics.
      assessment = latest;
      if (latest.complete) lastSuccessAt = now();
    },
  };
}
