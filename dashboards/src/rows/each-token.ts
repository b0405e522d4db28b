import type { Builder } from '@grafana/grafana-foundation-sdk/cog';
import type { Panel } from '@grafana/grafana-foundation-sdk/dashboard';
import { tokenDetailUid } from '../links.js';
import { acrossReplicas, ofToken } from '../promql.js';
import { table } from '../table.js';
import { timeSeries } from '../time-series.js';

/** Chooses the token of a cell. */
const toToken = {
  title: 'Only this token',
  url: `/d/${tokenDetailUid}?var-token=\${__value.raw}&\${__url_time_range}`,
};

const list = { width: 8, height: 10 } as const;
const untilExpiry = `${acrossReplicas(ofToken('oauth_token_expiration_timestamp_seconds'))} - time()`;
const untilDue = `${acrossReplicas(ofToken('oauth_token_refresh_due_timestamp_seconds'))} - time()`;
const sinceSync = `time() - ${acrossReplicas(ofToken('oauth_sync_last_success_timestamp_seconds'))}`;

/** Each token with a series of its own: where it stands, and its life until now. */
export function eachToken(): Builder<Panel>[] {
  return [
    table({
      ...list,
      title: 'Next expirations',
      shows:
        'Tokens with a series of their own, the earliest expiry first. "Ago": already expired. The token is the id of its row.',
      act: '`oauth-token-exporter status --json` lists each token_id with its user and account.',
      runbook: 'Tokens expiring soon',
      expr: `sort(${untilExpiry})`,
      columns: [
        { field: 'provider', name: 'Provider', width: 90 },
        { field: 'token_id', name: 'Token', link: toToken },
        {
          field: 'Value',
          name: 'Expires in',
          width: 190,
          unit: 'dtdurations',
          decimals: 1,
          colors: ['red', [0, 'green']],
        },
      ],
    }),
    table({
      ...list,
      title: 'Next due',
      shows:
        'When tokens with a series of their own are due to be refreshed, the earliest first. "Ago": due since then. Dead and disabled ones are never due.',
      act: 'Due for more than some minutes: see "Refreshes overdue". `oauth-token-exporter status --json` lists each token_id with its user.',
      runbook: 'OAuthTokenRefreshesOverdue',
      expr: `sort(${untilDue})`,
      columns: [
        { field: 'provider', name: 'Provider', width: 90 },
        { field: 'token_id', name: 'Token', link: toToken },
        {
          field: 'Value',
          name: 'Due in',
          width: 190,
          unit: 'dtdurations',
          decimals: 1,
          colors: ['orange', [0, 'green']],
        },
      ],
    }),
    table({
      ...list,
      title: 'Last successful sync',
      shows:
        'Tokens with a series of their own, the longest wait first. A token that never synced has no row here but counts as overdue.',
      act: '`oauth-token-exporter status --json` lists each token_id with its user; then read that user’s sync log.',
      runbook: 'Syncs late, overdue or stuck',
      expr: `sort_desc(${sinceSync})`,
      columns: [
        { field: 'provider', name: 'Provider', width: 90 },
        { field: 'token_id', name: 'Token', link: toToken },
        { field: 'Value', name: 'Last success', width: 190, unit: 'dtdurations', decimals: 1 },
      ],
    }),
    timeSeries({
      width: 12,
      height: 9,
      title: 'Time left until expiry',
      shows:
        'A token that is kept alive draws a saw: it falls as time passes and jumps up with each refresh. Below 0: expired.',
      act: 'A line that crosses 0: choose that token above, and see when its last jump was and what failed since.',
      runbook: 'OAuthTokensExpired',
      queries: [{ expr: untilExpiry, legend: '{{provider}} {{token_id}}' }],
      unit: 's',
    }),
    timeSeries({
      width: 12,
      height: 9,
      title: 'Time since the last sync',
      shows: 'It falls to 0 with each successful sync of the token, and rises in between.',
      act: 'One that only rises: read the sync log of its user. All of them: the job does not run.',
      runbook: 'Syncs late, overdue or stuck',
      queries: [{ expr: sinceSync, legend: '{{provider}} {{token_id}}' }],
      unit: 's',
    }),
  ];
}
