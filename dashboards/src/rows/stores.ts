import type { Builder } from '@grafana/grafana-foundation-sdk/cog';
import type { Panel } from '@grafana/grafana-foundation-sdk/dashboard';
import { ofExporter } from '../promql.js';
import { stat } from '../stat.js';

const half = { width: 12, height: 4, unit: 'short', decimals: 0 } as const;

/** Where the exporter keeps what must not be lost. */
export function stores(): Builder<Panel>[] {
  return [
    stat({
      ...half,
      title: 'Journals unusable',
      shows:
        'Replicas that refresh nothing because they can’t use their journal. "No data": no provider is refreshed at a token endpoint.',
      act: 'The log of that replica says what is wrong with its JOURNAL_DIR and what to do.',
      runbook: 'OAuthTokenExporterJournalUnusable',
      // Not countOf: without a journal there is nothing to count, and 0 would say that all is well.
      expr: `sum(1 - ${ofExporter('oauth_token_exporter_journal_up')})`,
      legend: 'unusable',
      colors: ['green', [1, 'red']],
    }),
    stat({
      ...half,
      title: 'Memories unusable',
      shows:
        'Replicas that can’t use their memory in Postgres: they observe, know no grants and refresh nothing.',
      act: 'The log of that replica says what is missing: a privilege, the schema or the database.',
      runbook: 'OAuthTokenRefreshesOverdue',
      expr: `sum(1 - ${ofExporter('oauth_token_exporter_memory_up')})`,
      legend: 'unusable',
      colors: ['green', [1, 'red']],
    }),
  ];
}
