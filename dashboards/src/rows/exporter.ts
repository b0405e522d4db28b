import type { Builder } from '@grafana/grafana-foundation-sdk/cog';
import type { Panel } from '@grafana/grafana-foundation-sdk/dashboard';
import { wordsFor } from '../panel.js';
import { acrossReplicas, growth, ofExporter, pollAge, staleAfterPolls } from '../promql.js';
import { table } from '../table.js';
import { timeSeries } from '../time-series.js';

const third = { width: 8, height: 8 } as const;

const duration = 'oauth_token_exporter_poll_duration_seconds';
const durationRate = (series: string): string =>
  `sum by (instance) (rate(${ofExporter(`${duration}_${series}`)}[$__rate_interval]))`;

/** Whether the exporter sees what it should: polls, sources, clock, version. */
export function exporter(): Builder<Panel>[] {
  return [...polls(), ...sources(), ...identity()];
}

function polls(): Builder<Panel>[] {
  return [
    timeSeries({
      ...third,
      title: 'Age of the last successful poll',
      shows: `Time since each replica last read the database with success. Above the dashed line (${staleAfterPolls} poll intervals) its numbers are stale.`,
      act: 'Read the log of that replica: each failed poll says why and what to do.',
      runbook: 'OAuthTokenExporterPollStale',
      queries: [
        { expr: pollAge(), legend: '{{instance}}' },
        {
          expr: `${staleAfterPolls} * ${ofExporter('oauth_token_exporter_poll_interval_seconds')}`,
          legend: '{{instance}} stale',
        },
      ],
      unit: 's',
      limit: ' stale',
    }),
    timeSeries({
      ...third,
      title: 'Poll duration',
      shows: 'How long polls take: 95 of 100 are shorter than the first line; the mean beside it.',
      act: 'Near the poll interval, polls get skipped: let `oauth-token-exporter doctor` name a missing index, or poll less often.',
      runbook: 'OAuthTokenExporterPollStale',
      queries: [
        {
          expr: `histogram_quantile(0.95, sum by (instance, le) (rate(${ofExporter(`${duration}_bucket`)}[$__rate_interval])))`,
          legend: '{{instance}} p95',
        },
        { expr: `${durationRate('sum')} / ${durationRate('count')}`, legend: '{{instance}} mean' },
      ],
      unit: 's',
    }),
    timeSeries({
      ...third,
      title: 'Failed and skipped polls',
      shows: 'Polls that failed, by reason, and ticks skipped because the previous poll still ran.',
      act: 'unreachable, timeout: the database or the way to it. authentication, tls: DATABASE_URL. source: a table. internal: a bug, please report it.',
      runbook: 'OAuthTokenExporterPollStale',
      queries: [
        {
          expr: growth('reason', 'oauth_token_exporter_poll_failures_total'),
          legend: '{{reason}}',
        },
        { expr: growth('job', 'oauth_token_exporter_polls_skipped_total'), legend: 'skipped' },
      ],
      unit: 'short',
      colorOf: { skipped: 'yellow' },
    }),
  ];
}

function sources(): Builder<Panel>[] {
  return [
    table({
      width: 12,
      height: 8,
      title: 'Sources',
      shows:
        'Each table that the exporter reads and what it found. absent: an optional table that this database never had, which is fine.',
      act: 'For any other word than ok and absent run `oauth-token-exporter doctor`.',
      runbook: 'OAuthTokenExporterSourceDown',
      expr: acrossReplicas(ofExporter('oauth_token_exporter_source_info')),
      columns: [
        { field: 'source', name: 'Source' },
        {
          field: 'state',
          name: 'State',
          words: wordsFor({
            ok: { text: 'ok', color: 'green' },
            absent: { text: 'absent', color: 'blue' },
            missing: { text: 'missing', color: 'red' },
            drifted: { text: 'drifted', color: 'red' },
            denied: { text: 'denied', color: 'red' },
            hidden: { text: 'hidden', color: 'red' },
            failed: { text: 'failed', color: 'red' },
            unreachable: { text: 'unreachable', color: 'red' },
          }),
        },
      ],
    }),
    timeSeries({
      width: 12,
      height: 8,
      title: 'Sources up',
      shows: '1 while a source can be read, 0 while it cannot.',
      act: 'The moment of the drop is the moment to look for in migrations and in the database log.',
      runbook: 'OAuthTokenExporterSourceDown',
      queries: [
        {
          expr: acrossReplicas(ofExporter('oauth_token_exporter_source_up')),
          legend: '{{source}}',
        },
      ],
      unit: 'short',
    }),
  ];
}

function identity(): Builder<Panel>[] {
  return [
    timeSeries({
      ...third,
      title: 'Polls',
      shows: 'Polls started by each replica.',
      act: 'A replica at 0 is stuck or has just started: read its log.',
      runbook: 'OAuthTokenExporterPollStale',
      queries: [
        { expr: growth('instance', 'oauth_token_exporter_polls_total'), legend: '{{instance}}' },
      ],
      unit: 'short',
    }),
    timeSeries({
      ...third,
      title: 'Clock skew',
      shows:
        'How far the clock of each replica is from the clock of the database, which decides every status.',
      act: 'Seconds do no harm. More than a minute: repair time synchronisation on either host.',
      runbook: 'Clock skew',
      queries: [
        {
          expr: ofExporter('oauth_token_exporter_clock_skew_seconds'),
          legend: '{{instance}} against {{against}}',
        },
      ],
      unit: 's',
    }),
    table({
      ...third,
      title: 'Build',
      shows: 'Version of each replica, and whether it shows the demo instead of a real database.',
      act: 'Versions that differ: finish the roll-out. "demo data" in production: set DATABASE_URL.',
      runbook: 'Start here',
      expr: ofExporter('oauth_token_exporter_build_info'),
      columns: [
        { field: 'instance', name: 'Exporter' },
        { field: 'version', name: 'Version' },
        {
          field: 'demo',
          name: 'Data',
          words: wordsFor({
            true: { text: 'demo data', color: 'orange' },
            false: { text: 'real', color: 'green' },
          }),
        },
      ],
    }),
  ];
}
