import type { Assessment } from '../../src/assess/assess.js';
import { renderExposition, type Exposition } from '../../src/publish/exposition.js';
import { createMetrics, type Metrics, type PollRecord } from '../../src/publish/metrics.js';
import { renderTokenSeries } from '../../src/publish/token-series.js';
import { facts, goodPoll } from './assessments.js';

/** Records polls one after the other, as the exporter does, and renders what the last one left. */
export async function expose(
  polls: readonly (readonly [Assessment, PollRecord])[],
  metrics: Metrics = createMetrics(facts),
): Promise<Exposition> {
  let series = await renderTokenSeries(new Map());
  for (const [assessment, poll] of polls) {
    metrics.recordPollStarted();
    metrics.recordPoll(assessment, poll);
    series = await renderTokenSeries(assessment.providers);
  }
  return renderExposition(metrics.registry, series);
}

/** The text format after these assessments, each from a good poll. */
export async function exposeText(...assessments: readonly Assessment[]): Promise<string> {
  const { text } = await expose(assessments.map((assessment) => [assessment, goodPoll] as const));
  return ours(text.identity);
}

/** An exposition without the metrics that the library brings of the process and of Node. */
export function ours(exposition: readonly Buffer[]): string {
  return Buffer.concat(exposition)
    .toString()
    .replaceAll(/^(?:# (?:HELP|TYPE) )?(?:process|nodejs)_.*\n/gm, '')
    .replaceAll(/\n{3,}/g, '\n\n')
    .trimStart();
}

/** The samples whose series begins with `prefix`, in order, without metadata. */
export function samples(exposition: string, prefix = ''): string[] {
  return exposition
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#') && line.startsWith(prefix));
}
