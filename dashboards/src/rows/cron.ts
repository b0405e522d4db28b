import type { Builder } from '@grafana/grafana-foundation-sdk/cog';
import type { Panel } from '@grafana/grafana-foundation-sdk/dashboard';
import { acrossReplicas, ofExporter } from '../promql.js';
import { table } from '../table.js';
import { timeSeries } from '../time-series.js';

/** Whether the scheduler's jobs run and do their work: where the incident began. */
export function cron(): Builder<Panel>[] {
  return [
    table({
      width: 8,
      height: 9,
      title: 'Problems of cron jobs',
      shows:
        'What is wrong with each job now, beside being overdue. misconfigured and http_failing are successes to the scheduler.',
      act: '`oauth-token-exporter doctor` has the messages. Nothing here is how it should be.',
      runbook: 'OAuthCronJobFailing',
      expr: `${acrossReplicas(ofExporter('oauth_cron_job_problem'))} == 1`,
      columns: [
        { field: 'cron_job', name: 'Job' },
        { field: 'problem', name: 'Problem' },
      ],
    }),
    table({
      width: 8,
      height: 9,
      title: 'Last success of cron jobs',
      shows: 'Jobs of pg_cron, the longest wait first.',
      act: 'Compare it with the schedule of the job: `SELECT jobname, schedule FROM cron.job`.',
      runbook: 'OAuthCronJobOverdue',
      expr: `sort_desc(time() - ${acrossReplicas(ofExporter('oauth_cron_job_last_success_timestamp_seconds'))})`,
      columns: [
        { field: 'cron_job', name: 'Job' },
        { field: 'Value', name: 'Last success before', unit: 'dtdurations', decimals: 1 },
      ],
    }),
    timeSeries({
      width: 8,
      height: 9,
      title: 'Cron jobs overdue',
      shows: 'Jobs whose schedule demanded a run that did not start.',
      act: 'All of them: the scheduler does not run. One: it was changed, or its run before hangs.',
      runbook: 'OAuthCronJobOverdue',
      queries: [
        {
          expr: `sum by (cron_job) (${acrossReplicas(ofExporter('oauth_cron_job_overdue'))})`,
          legend: '{{cron_job}}',
        },
      ],
      unit: 'short',
      stacked: true,
    }),
    timeSeries({
      width: 24,
      height: 8,
      title: 'Runs of cron jobs',
      shows:
        "Runs that ended in each interval, from the scheduler's own log. Every replica counts the same runs.",
      act: 'A job whose line ends does not run any more. Failures have their message in `oauth-token-exporter doctor`.',
      runbook: 'OAuthCronJobFailing',
      queries: [
        {
          expr: `max by (cron_job, outcome) (increase(${ofExporter('oauth_cron_job_runs_total')}[$__rate_interval]))`,
          legend: '{{cron_job}} {{outcome}}',
        },
      ],
      unit: 'short',
      stacked: true,
      colorOf: { ' failed': 'red' },
    }),
  ];
}
