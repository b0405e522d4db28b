/**
 * Where alerts and panels send people. A fork, or a Grafana elsewhere, changes these two lines and
 * the same two addresses in alerts/ (docs/runbook.md, "Where the links lead").
 */
export const runbookBase =
  'https://github.com/oauth-token-exporter/oauth-token-exporter/blob/main/docs/runbook.md';
export const grafanaBase = 'http://localhost:3000';

/** Stable for ever: bookmarks, alerts and the provisioned home page use them. */
export const overviewUid = 'oauth-tokens';
export const tokenDetailUid = 'oauth-token-detail';
export const exporterHealthUid = 'oauth-token-exporter';

/** The headings of docs/runbook.md that a panel may point at; a test proves that they exist. */
export type RunbookSection =
  | 'Start here'
  | 'OAuthTokenExporterAbsent'
  | 'OAuthTokenExporterSourceDown'
  | 'OAuthTokenExporterPollStale'
  | 'OAuthTokenExporterJournalUnusable'
  | 'OAuthTokensExpired'
  | 'OAuthTokenRefreshesOverdue'
  | 'OAuthTokenRefreshFailing'
  | 'OAuthGrantsDead'
  | 'OAuthCronJobOverdue'
  | 'OAuthCronJobFailing'
  | 'OAuthWebhooksImpaired'
  | 'OAuthTokensFalselyDeactivated'
  | 'OAuthTokensExpiringUnrefreshed'
  | 'OAuthStabilityWatchUnstable'
  | 'OAuthStabilityWatchBlind'
  | 'Foreign refreshes'
  | 'Tokens expiring soon'
  | 'Inactive tokens'
  | 'OAuthSyncsFailingForAuth'
  | 'Syncs late, overdue or stuck'
  | 'Syncs that store nothing'
  | 'Clock skew'
  | 'The process'
  | 'Tokens without a series';

/** The fragment under which GitHub serves a heading. */
export function anchorOf(heading: string): string {
  return heading
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N}\s_-]/gu, '')
    .replaceAll(' ', '-');
}

/** The address of one section of the runbook. */
export function runbookUrl(section: RunbookSection): string {
  return `${runbookBase}#${anchorOf(section)}`;
}
