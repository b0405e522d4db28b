/** An environment variable, as docs/configuration.md lists it. */
export interface EnvironmentVariable {
  /** A secret's value is never shown. */
  readonly secret: boolean;
  /** Whether NAME_FILE may name a file that holds the value instead. */
  readonly file: boolean;
  /** Whether a value of NAME itself is the path of such a file. */
  readonly isPath?: (value: string) => boolean;
  readonly default: string | null;
  readonly description: string;
}

/** Every environment variable that is read. The documentation's table is tested against this one. */
export const environmentVariables = {
  DATABASE_URL: {
    secret: true,
    file: true,
    default: null,
    description:
      'Where the tokens are: `postgresql://user:password@host:5432/database`. Required, unless every provider names another of `databases` and STATE_DATABASE_URL is set.',
  },
  DATABASE_CA: {
    secret: false,
    file: true,
    isPath: (value) => !value.includes('-----BEGIN'),
    default: null,
    description:
      'Certificates (PEM) of a private certificate authority, or the path of a file that holds them.',
  },
  CONFIG_FILE: {
    secret: false,
    file: false,
    default: null,
    description:
      'Path of the YAML file. Unset: `oauth-token-exporter.yaml` in the working directory, if there is one.',
  },
  LISTEN_ADDRESS: {
    secret: false,
    file: false,
    default: '127.0.0.1:6749',
    description:
      'Address and port of the HTTP server. `0.0.0.0:6749` is every IPv4 interface, `:6749` every interface, `[::1]:6749` an IPv6 one.',
  },
  POLL_INTERVAL: {
    secret: false,
    file: false,
    default: '30s',
    description: 'Time between two polls of the database, from `1s` to `1d`.',
  },
  LOG_LEVEL: {
    secret: false,
    file: false,
    default: 'info',
    description: 'The least severe messages that are logged: `debug`, `info`, `warn` or `error`.',
  },
  STATE_DATABASE_URL: {
    secret: true,
    file: true,
    default: null,
    description:
      'Where the exporter keeps its memory, in the schema `oauth_token_exporter`. Unset: in that of DATABASE_URL.',
  },
  LEDGER_RETENTION: {
    secret: false,
    file: false,
    default: '90d',
    description: 'How long the ledger of what happened to each token is kept.',
  },
  REFRESH_MODE: {
    secret: false,
    file: false,
    default: 'on',
    description:
      '`on`: refresh what is due, where a way to do it is configured. `shadow`: say what would be done. `off`: only observe.',
  },
  INVALID_GRANT_CONFIRM_AFTER: {
    secret: false,
    file: false,
    default: '60s',
    description: 'A grant is called dead after a second `invalid_grant`, this much later.',
  },
  INCIDENT_GROUP_WAIT: {
    secret: false,
    file: false,
    default: '30s',
    description:
      'From the first sight of an incident to its first message: what breaks together is told together. `0s`: at once.',
  },
  JOURNAL_DIR: {
    secret: false,
    file: false,
    default: './data/journal',
    description:
      'Directory of the journal that survives a crash between an answer and its storing. On a disk of this machine, one per replica.',
  },
  JOURNAL_KEY: {
    secret: true,
    file: true,
    default: null,
    description:
      'Key of the journal: 32 bytes in base64 (`openssl rand -base64 32`). Unset: one is generated beside it.',
  },
  JOURNAL_KEYS_OLD: {
    secret: true,
    file: true,
    default: null,
    description: 'Earlier keys, separated by commas, that records may still be encrypted with.',
  },
  API_TOKEN: {
    secret: true,
    file: true,
    default: null,
    description:
      'Bearer token with which applications ask for the health of a token: `/api/v1/tokens/<subject>/health`. At least 16 characters. Unset: the route does not exist.',
  },
  ADMIN_TOKEN: {
    secret: true,
    file: true,
    default: null,
    description:
      'What people log in with on the status page, and the bearer token of `/api/v1/watches`. At least 16 characters. Unset: neither exists.',
  },
  ADMIN_HOSTS: {
    secret: false,
    file: false,
    default: null,
    description:
      'With ADMIN_TOKEN: host names by which it is reached, separated by commas, beside addresses, `localhost` and that of PUBLIC_URL. Others are refused.',
  },
  SLACK_WEBHOOK_URL: {
    secret: true,
    file: true,
    default: null,
    description: 'Where messages go: a Slack incoming webhook. Unset: they go to the log.',
  },
  SLACK_FALLBACK_WEBHOOK_URL: {
    secret: true,
    file: true,
    default: null,
    description: 'Where they go while Slack refuses a webhook for good.',
  },
  SLACK_MENTION: {
    secret: false,
    file: false,
    default: null,
    description:
      'Whom critical messages mention: `<!here>`, `<!channel>`, `<@U…>` or `<!subteam^S…>`, several with blanks between them.',
  },
  ACCOUNTS: {
    secret: false,
    file: false,
    default: 'masked',
    description: 'How messages show accounts: `none`, `masked` (`j***@e***.com`) or `full`.',
  },
  PUBLIC_URL: {
    secret: false,
    file: false,
    default: null,
    description: 'Where people reach the status page, for the button of a message.',
  },
  RUNBOOK_URL: {
    secret: false,
    file: false,
    default:
      'https://github.com/oauth-token-exporter/oauth-token-exporter/blob/main/docs/runbook.md',
    description: 'The runbook; the heading is added to it.',
  },
  DASHBOARD_URL: {
    secret: false,
    file: false,
    default: null,
    description: 'The dashboard, for the button of a message.',
  },
  RECONNECT_URL: {
    secret: false,
    file: false,
    default: null,
    description: 'Where users authorize again; `{{provider}}` in it is replaced.',
  },
  HEARTBEAT_URL: {
    secret: true,
    file: true,
    default: null,
    description: "Called with GET after each successful poll: a dead man's switch.",
  },
  SMTP_URL: {
    secret: true,
    file: true,
    default: null,
    description:
      'Mail server for `reconnect --notify`: `smtp://user:password@host:587` (STARTTLS is required, except on loopback) or `smtps://user:password@host:465`.',
  },
  FATHOM_CLIENT_ID: {
    secret: false,
    file: false,
    default: null,
    description:
      'Preset `fathom`: with FATHOM_CLIENT_SECRET, tokens are refreshed at the token endpoint.',
  },
  FATHOM_CLIENT_SECRET: {
    secret: true,
    file: true,
    default: null,
    description: 'Preset `fathom`: the secret of the OAuth client.',
  },
  FATHOM_TOKEN_ENDPOINT: {
    secret: false,
    file: false,
    default: null,
    description: "Preset `fathom`: another URL than Fathom's own.",
  },
  FATHOM_RATE_LIMIT: {
    secret: false,
    file: false,
    default: '60/min',
    description: 'Preset `fathom`: requests to the token endpoint, as `N/s` or `N/min`.',
  },
  SUPABASE_URL: {
    secret: false,
    file: false,
    default: null,
    description:
      'Preset `fathom`, without a client: with SUPABASE_SERVICE_ROLE_KEY, tokens are refreshed by the function `fathom-token-refresh`.',
  },
  SUPABASE_SERVICE_ROLE_KEY: {
    secret: true,
    file: true,
    default: null,
    description: 'Preset `fathom`: what the function wants as bearer token.',
  },
} as const satisfies Readonly<Record<string, EnvironmentVariable>>;

export type EnvironmentName = keyof typeof environmentVariables;
