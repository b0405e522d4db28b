import type { Builder } from '@grafana/grafana-foundation-sdk/cog';
import type { Panel } from '@grafana/grafana-foundation-sdk/dashboard';
import { wordsFor } from '../panel.js';
import { acrossReplicas, ofExporter, sumBy } from '../promql.js';
import { stat } from '../stat.js';
import { table } from '../table.js';
import { timeSeries } from '../time-series.js';

const quarter = { width: 6, height: 5 } as const;
const half = { width: 12, height: 7 } as const;
const metric = (name: string, matchers = {}) =>
  ofExporter(`oauth_stability_watch_${name}`, matchers);

/** Whether a fix stays a fix: the newest stability watch of each set of providers. */
export function watch(): Builder<Panel>[] {
  return [
    table({
      ...quarter,
      title: 'Stability watches',
      shows:
        'The verdict of the newest stability watch of each set of providers, and what still runs.',
      act: 'unstable: `oauth-token-exporter watch report` has what went wrong and when. inconclusive: it says what was not seen; start another.',
      runbook: 'OAuthStabilityWatchUnstable',
      expr: `${acrossReplicas(metric('verdict'))} == 1`,
      columns: [
        { field: 'providers', name: 'Providers' },
        {
          field: 'verdict',
          name: 'Verdict',
          words: wordsFor({
            running: { text: 'RUNNING', color: 'blue' },
            stable: { text: 'STABLE', color: 'green' },
            unstable: { text: 'UNSTABLE', color: 'red' },
            inconclusive: { text: 'INCONCLUSIVE', color: 'orange' },
          }),
        },
      ],
    }),
    stat({
      ...quarter,
      title: 'Started',
      shows: 'When each of them was started.',
      act: 'Nothing. Long ago and none since: after the next repair, start one.',
      runbook: 'OAuthStabilityWatchUnstable',
      expr: `1000 * ${acrossReplicas(metric('start_timestamp_seconds'))}`,
      legend: '{{providers}}',
      unit: 'dateTimeFromNow',
      decimals: 0,
      colors: ['text'],
    }),
    stat({
      ...quarter,
      title: 'Ends or ended',
      shows: 'When each of them ended, or when its time will be over.',
      act: 'Nothing: the verdict comes by itself, and a violation ends a watch at once.',
      runbook: 'OAuthStabilityWatchUnstable',
      expr: `1000 * (${acrossReplicas(metric('end_timestamp_seconds'))} or ${acrossReplicas(metric('deadline_timestamp_seconds'))})`,
      legend: '{{providers}}',
      unit: 'dateTimeFromNow',
      decimals: 0,
      colors: ['text'],
    }),
    stat({
      ...quarter,
      title: 'Since the last sample',
      shows:
        'How long ago a poll was last added to each watch that runs. "No data": none runs, or it has no sample yet.',
      act: 'More than some intervals: polls fail, or the memory can’t be written. After 300 s the watch can no longer become STABLE.',
      runbook: 'OAuthStabilityWatchBlind',
      expr: `time() - ${acrossReplicas(metric('last_sample_timestamp_seconds'))} and ${acrossReplicas(metric('active'))} == 1`,
      legend: '{{providers}}',
      unit: 's',
      decimals: 0,
      colors: ['green', [180, 'orange'], [300, 'red']],
    }),
    timeSeries({
      ...half,
      title: 'Coverage',
      shows: 'Share of the polls that each watch has seen, 1 is all. STABLE needs 0.99 at the end.',
      act: 'A fall: polls fail, or the exporter was away. Below 0.99 for good: the watch can only be INCONCLUSIVE.',
      runbook: 'OAuthStabilityWatchBlind',
      queries: [{ expr: acrossReplicas(metric('coverage_ratio')), legend: '{{providers}}' }],
      unit: 'none',
    }),
    timeSeries({
      ...half,
      title: 'Samples and violations',
      shows:
        'Polls that each watch has seen, and violations by check. The first violation ends a watch.',
      act: 'Samples that no longer rise while a watch runs: look at the polls. A violation: read the report.',
      runbook: 'OAuthStabilityWatchBlind',
      queries: [
        { expr: sumBy('providers', metric('samples')), legend: '{{providers}} samples' },
        {
          expr: `${sumBy('providers, check', metric('violations'))} > 0`,
          legend: '{{providers}} {{check}} violation',
        },
      ],
      unit: 'short',
      colorOf: { ' violation': 'red' },
    }),
  ];
}
