import type { LinksConfig } from '../../src/config/notify-config.js';
import type { Notice } from '../../src/notify/notice.js';

export const openedAtMs = Date.UTC(2025, 10, 27, 8, 12, 5);

/** An incident opens: 30 of 300 grants are dead. */
export function noticeOf(changes: Partial<Notice> = {}): Notice {
  return {
    kind: 'open',
    incidentId: 'fathom-grants-dead-1',
    provider: 'fathom',
    cause: 'grants_dead',
    severity: 'critical',
    title: '30 of 300 grants are dead',
    explanation:
      'Fathom refused the refresh tokens of these users twice (invalid_grant). Their syncs have stopped, and no refresh can bring them back.',
    nextStep: 'Ask these users to connect Fathom again.',
    runbook: 'oauthgrantsdead',
    openedAtMs,
    atMs: openedAtMs + 30_000,
    affected: 30,
    outOf: 300,
    previouslyAffected: null,
    accounts: Array.from({ length: 10 }, (_, index) => ({
      subject: `7f3a91c2-0000-4000-8000-00000000000${String(index)}`,
      account: `j***@e***.com`,
    })),
    ...changes,
  };
}

export const links: LinksConfig = {
  statusPage: 'https://tokens.example.com/',
  runbook: 'https://github.com/oauth-token-exporter/oauth-token-exporter/blob/main/docs/runbook.md',
  dashboard: 'https://grafana.example.com/d/oauth-tokens',
  reconnect: 'https://app.example.com/integrations?provider={{provider}}',
};

export const noLinks: LinksConfig = {
  statusPage: null,
  runbook: links.runbook,
  dashboard: null,
  reconnect: null,
};
