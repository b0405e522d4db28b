import type { Builder } from '@grafana/grafana-foundation-sdk/cog';
import type { Panel } from '@grafana/grafana-foundation-sdk/dashboard';
import { ofProvider, providerGrowth, sumBy } from '../promql.js';
import { timeSeries } from '../time-series.js';

const runbook = 'Syncs late, overdue or stuck';

/** Whether the tokens are used: in the incident the syncs stopped first and the tokens lapsed after. */
export function syncs(): Builder<Panel>[] {
  return [
    timeSeries({
      width: 8,
      height: 9,
      title: 'Longest sync lag',
      shows: 'Time since the last successful sync of the active token that waits longest.',
      act: 'A straight rise for all providers: nothing syncs. It may rise outside the hours of the sync schedule.',
      runbook,
      queries: [
        {
          expr: `max by (provider) (${ofProvider('oauth_sync_lag_max_seconds')})`,
          legend: '{{provider}}',
        },
      ],
      unit: 's',
    }),
    timeSeries({
      width: 8,
      height: 9,
      title: 'Syncs lagging',
      shows:
        'Active tokens whose last successful sync is older than each time. Each line includes the longer ones.',
      act: 'All lines at the number of tokens: the sync job does not run. Only the long ones: a few users are cut off.',
      runbook,
      queries: [
        {
          expr: sumBy('provider, over', ofProvider('oauth_syncs_lagging')),
          legend: '{{provider}} over {{over}}',
        },
      ],
      unit: 'short',
    }),
    timeSeries({
      width: 8,
      height: 9,
      title: 'Syncs overdue and stuck',
      shows:
        'Overdue: no success for longer than configured, or never since the token was created. Stuck: running for longer than a sync may.',
      act: 'Overdue: check the schedule, then the users. Stuck: the run died without saying so; start it again.',
      runbook,
      queries: [
        {
          expr: sumBy('provider', ofProvider('oauth_syncs_overdue')),
          legend: '{{provider}} overdue',
        },
        { expr: sumBy('provider', ofProvider('oauth_syncs_stuck')), legend: '{{provider}} stuck' },
      ],
      unit: 'short',
      colorOf: { ' overdue': 'orange', ' stuck': 'red' },
    }),
    timeSeries({
      width: 8,
      height: 9,
      title: 'Syncs failing',
      shows: 'Active tokens whose last sync failed, by the reason in its message.',
      act: 'auth: the token was refused, a refresh repairs it. reauthorize: ask the user. configuration: nobody syncs, look at the settings of the job.',
      runbook: 'OAuthSyncsFailingForAuth',
      queries: [
        {
          expr: `${sumBy('provider, reason', ofProvider('oauth_syncs_failing'))} > 0`,
          legend: '{{provider}} {{reason}}',
        },
      ],
      unit: 'short',
    }),
    timeSeries({
      width: 8,
      height: 9,
      title: 'Sync runs',
      shows: "Syncs that ended, by the application's own logs. partial: with errors inside.",
      act: 'None during the hours of the schedule: the job does not run. Only failed: see why under Syncs failing.',
      runbook,
      queries: [
        {
          expr: providerGrowth('increase', 'provider, outcome', 'oauth_sync_runs_total'),
          legend: '{{provider}} {{outcome}}',
        },
      ],
      unit: 'short',
      colorOf: { ' success': 'green', ' partial': 'orange', ' failed': 'red' },
    }),
    timeSeries({
      width: 8,
      height: 9,
      title: 'Syncs that store nothing',
      shows:
        'Time from the newest item stored to the newest sync run that succeeded; 7 days where it is more.',
      act: 'A rise through working hours: look whether anything happened at the provider. Nights and holidays are quiet.',
      runbook: 'Syncs that store nothing',
      queries: [
        {
          expr: `max by (provider) (${ofProvider('oauth_sync_nothing_stored_seconds')})`,
          legend: '{{provider}}',
        },
      ],
      unit: 's',
    }),
  ];
}
