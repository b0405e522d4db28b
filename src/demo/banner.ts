export interface BannerFacts {
  /** Where the exporter listens, without a slash at the end. */
  readonly listenUrl: string;
  /** Of the demo's database, its password included: it is random and guards invented people only. */
  readonly databaseUrl: string;
  /** The page that shows what Slack would. */
  readonly slackUrl: string;
  /** What people log in with on the status page. */
  readonly adminToken: string;
}

/** What the demo says when it runs: at most 80 columns wide, with a line break at its end. */
export function formatBanner({
  listenUrl,
  databaseUrl,
  slackUrl,
  adminToken,
}: BannerFacts): string {
  return `
  oauth-token-exporter, demo

  An embedded, real PostgreSQL holds an invented incident: every OAuth token of
  a cohort expired within three days. People and tokens are made up, nothing
  leaves this machine, and nothing is left behind.

    Overview   ${listenUrl}/
    Metrics    ${listenUrl}/metrics
    Slack      ${slackUrl}
    Log in     ${listenUrl}/login
               with ${adminToken}

  See who is affected, in another terminal:

    DATABASE_URL=${databaseUrl} \\
      npx . status

  Use it on your own database:

    DATABASE_URL=postgres://user:password@host:5432/database npm start

  Ctrl-C ends the demo.
`;
}

/** A message to people, as the demo shows it between the lines of the log. */
export function formatDemoMessage(text: string): string {
  const lines = text.split('\n').map((line) => `  │ ${line}`);
  return `\n  ┌ a message to Slack\n${lines.join('\n')}\n  └\n\n`;
}
