import type {
  FailurePattern,
  FailureTable,
  RunLog,
  SyncEndpointConfig,
  SyncSchedule,
} from './sync-config.js';

/** The whole configuration, resolved: every default applied, every duration in milliseconds. */
export interface Config {
  readonly database: DatabaseConfig;
  readonly listen: ListenAddress;
  /** Time between two polls. */
  readonly pollIntervalMs: number;
  /** How many tokens, the most urgent first, get series of their own; 0 turns those series off. */
  readonly tokenSeriesLimit: number;
  readonly logLevel: LogLevel;
  readonly providers: readonly ProviderConfig[];
  /** The scheduler's jobs in the database; null: they are not watched. */
  readonly cron: CronConfig | null;
  readonly state: StateConfig;
  readonly journal: JournalConfig;
  /** Secret: lets applications ask for the health of a token. null: they can't. */
  readonly apiToken: string | null;
  readonly incidents: IncidentsConfig;
  readonly notify: NotifyConfig;
  readonly mail: MailConfig | null;
  /** Secret: it may hold a password. null: no mail can be sent. */
  readonly smtpUrl: string | null;
}

/** When people are told of an incident. */
export interface IncidentsConfig {
  /** What is true at this many polls, at least one interval apart, opens an incident. */
  readonly openAfterPolls: number;
  /** What is over at this many polls, at least one interval apart, is RECOVERED. */
  readonly recoverAfterPolls: number;
  /** From its first sight to the first message: what breaks together is told together. */
  readonly groupWaitMs: number;
  readonly updateIntervalMs: number;
  /** The next ones come twice as late each time, up to the longest. */
  readonly firstReminderMs: number;
  readonly longestReminderMs: number;
  /** A memory that can't be reached for this long is told without it. */
  readonly memoryAwayMs: number;
  /** As many of a provider's active tokens, expiring together, are a cliff. */
  readonly cliffShare: number;
}

export const accountModes = ['none', 'masked', 'full'] as const;

/** How people are told. */
export interface NotifyConfig {
  /** Every webhook by its name, which is the `channel` label. Empty: messages go to the log. */
  readonly webhooks: readonly WebhookConfig[];
  /** The first that fits a message decides; one that none fits goes to the webhook `slack`. */
  readonly routes: readonly RouteConfig[];
  /** How much of an account a message shows. */
  readonly accounts: (typeof accountModes)[number];
  /** Whom critical messages mention, as Slack writes it; null: nobody. */
  readonly mention: string | null;
  readonly links: LinksConfig;
  /** Secret. Called after each successful poll. */
  readonly heartbeatUrl: string | null;
}

export interface WebhookConfig {
  readonly name: string;
  /** Secret: whoever has it can write into the channel. */
  readonly url: string;
}

export interface RouteConfig {
  /** Empty: every provider. */
  readonly providers: readonly string[];
  /** Empty: every severity. */
  readonly severities: readonly string[];
  readonly webhook: string;
}

/** Where the buttons of a message lead; null: there is no such button. */
export interface LinksConfig {
  readonly statusPage: string | null;
  /** The heading is added to it. */
  readonly runbook: string;
  readonly dashboard: string | null;
  /** `{{provider}}` in it is replaced. */
  readonly reconnect: string | null;
}

/** How people are asked to reconnect. In the texts `{{name}}` and others stand for what is known. */
export interface MailConfig {
  /** `address` or `Name <address>`. */
  readonly from: string;
  /** Where they authorize again. */
  readonly reconnectUrl: string;
  readonly subject: string;
  readonly text: string;
  /** null: made from the text. Values are escaped, the template is not. */
  readonly html: string | null;
  /** Write to the user of a grant as soon as it is dead. */
  readonly automatic: boolean;
}

/** Where the exporter keeps its own memory. */
export interface StateConfig {
  /** Secret. null: in the database of the tokens, in a schema of our own. */
  readonly url: string | null;
  /** What happened to a token is remembered for this long. */
  readonly ledgerRetentionMs: number;
}

/** The journal of refreshes on this machine. Keys are secrets, 32 bytes in base64. */
export interface JournalConfig {
  readonly directory: string;
  /** null: one is generated beside the journal. */
  readonly key: string | null;
  readonly oldKeys: readonly string[];
}

/** Where the tokens are. `url` is a secret: it holds a password. */
export interface DatabaseConfig {
  readonly url: string;
  /** PEM certificates of a private certificate authority, trusted in addition to the public ones. */
  readonly ca: string | null;
}

export interface ListenAddress {
  /** Empty: every interface, as `server.listen` understands it. */
  readonly host: string;
  readonly port: number;
}

export const logLevels = ['debug', 'info', 'warn', 'error'] as const;
export type LogLevel = (typeof logLevels)[number];

/** One provider: a table of tokens and what we know of its syncs. */
export interface ProviderConfig {
  /** Value of the `provider` label. */
  readonly name: string;
  readonly tokens: TokenTable;
  /** The EXPIRING SOON window: the runbook's 7 days unless configured. */
  readonly expiringSoonMs: number;
  /** Access token lifetime as the provider documents it; null when nobody declared one. */
  readonly declaredLifetimeMs: number | null;
  readonly syncs: SyncConfig | null;
  /** null: nobody told us how its tokens can be refreshed. */
  readonly refresh: RefreshConfig | null;
  /** null: nobody told us where the people behind the subjects are. */
  readonly people: PeopleTable | null;
  /** The scheduled jobs that use its tokens; null: none are known. */
  readonly jobs: ProviderJobs | null;
  /** null: it has no webhooks, or nobody told us where they show. */
  readonly webhooks: ProviderWebhooks | null;
}

/** The application's own users, at most one row per subject: whom to write to. */
export interface PeopleTable extends TableName {
  /** Column that holds the subject. */
  readonly subject: string;
  readonly email: string;
  /** What the person is called; null: the table does not say. */
  readonly name: string | null;
  /** An optional table may be absent from the database without being a fault: presets use it. */
  readonly optional: boolean;
}

export interface TableName {
  readonly schema: string;
  readonly table: string;
}

/** A column of the token table itself (`join: null`) or of one of its joined tables. */
export interface ColumnRef {
  readonly join: string | null;
  readonly column: string;
}

/** How a table of tokens is read. Secret columns are mapped only so that they are never selected. */
export interface TokenTable extends TableName {
  /** Joined tables by the name that `ColumnRef.join` uses. */
  readonly joins: Readonly<Record<string, JoinedTable>>;
  readonly columns: TokenColumns;
}

export interface JoinedTable extends TableName {
  /** Column of the joined table → column of the token table. Must identify at most one joined row. */
  readonly on: Readonly<Record<string, string>>;
}

/** null: the table has no such column. */
export interface TokenColumns {
  /** Unique per token: the value of the `token_id` label. */
  readonly id: ColumnRef;
  /** Whom the token belongs to: `user_id`, `org_id`. */
  readonly subject: ColumnRef;
  /** What a person would recognise the token by: an e-mail address. Optional in the database too. */
  readonly account: ColumnRef | null;
  /** timestamptz, timestamp (read as UTC) or an integer (epoch seconds or milliseconds). */
  readonly expiresAt: ColumnRef | null;
  /** boolean; NULL counts as the column's default. */
  readonly active: ColumnRef | null;
  /** Secret. Only ever written, by a refresh. */
  readonly accessToken: ColumnRef | null;
  /** Secret. Never selected by monitoring. */
  readonly refreshToken: ColumnRef | null;
  /** boolean offered by a view in place of the secret itself. */
  readonly hasRefreshToken: ColumnRef | null;
  /** The application's own status word. Shown to people, never believed. */
  readonly status: ColumnRef | null;
  readonly createdAt: ColumnRef | null;
}

/** Where signs of a sync are recorded. */
export interface SyncConfig {
  /** The last successful sync is the greatest of these, per subject. */
  readonly lastSuccess: readonly SyncEvidence[];
  /** Where a running sync is visible. */
  readonly running: SyncRunning | null;
  /** A sync that has been running for longer is stuck. */
  readonly stuckAfterMs: number;
  /** An active token without a successful sync for longer is overdue; the schedule goes before it. */
  readonly overdueAfterMs: number;
  /** Where syncs that failed are recorded: the last failure is the newest of all, per subject. */
  readonly failures: readonly FailureTable[];
  /** What their messages mean; the first that matches decides. */
  readonly failureReasons: readonly FailurePattern[];
  /** Logs in which every run of a sync leaves a row. */
  readonly runs: readonly RunLog[];
  /** When the application syncs; null: nobody said. */
  readonly schedule: SyncSchedule | null;
  /** Where the application can be asked to sync one user; null: it can't. */
  readonly endpoint: SyncEndpointConfig | null;
  /** A sync that failed for auth is asked for again once the token is repaired. */
  readonly retriesAfterRepair: boolean;
}

export type SyncEvidence =
  /** A timestamp column of the token's own row. */
  | { readonly kind: 'column'; readonly column: ColumnRef }
  /** The newest `at` among the rows of another table that belong to the subject. */
  | ({ readonly kind: 'table' } & SubjectTable);

export type SyncRunning = SubjectTable;

/** Rows of another table that belong to a token's subject and match every condition. */
export interface SubjectTable extends TableName {
  /** Column that holds the subject. */
  readonly subject: string;
  /** Timestamp column. */
  readonly at: string;
  /** Column → accepted values. */
  readonly where: Readonly<Record<string, readonly string[]>>;
  /** An optional table may be absent from the database without being a fault: presets use it. */
  readonly optional: boolean;
}

/** How the jobs of pg_cron are judged. */
export interface CronConfig {
  /** Jobs that must be there, by name, and the only ones watched; empty: whatever is there. */
  readonly jobs: readonly string[];
  /** A run that starts this much later than scheduled was missed. */
  readonly graceMs: number;
  /** A run that takes longer hangs. */
  readonly longestRunMs: number;
  /** Time zone of the schedules; null: the one that the database says. */
  readonly timeZone: string | null;
}

/** The scheduled jobs that keep a provider's tokens in use. */
export interface ProviderJobs {
  /** Names of jobs of pg_cron; `*` stands for anything. */
  readonly names: readonly string[];
  readonly log: JobLog | null;
}

/** A table in which the jobs themselves write how they went. Names are of its columns. */
export interface JobLog extends TableName {
  readonly job: string;
  readonly at: string;
  readonly status: string;
  readonly message: string;
  readonly succeeded: readonly string[];
  readonly failed: readonly string[];
  readonly optional: boolean;
}

/** Where it shows that a provider's webhooks arrive. */
export interface ProviderWebhooks {
  readonly arrivals: ArrivalTable | null;
  readonly events: EventTable | null;
  /** How far back delays and failures are looked at. */
  readonly windowMs: number;
  /** Nothing arrived for longer: silent. null: silence is no fault. */
  readonly silentAfterMs: number | null;
  /** Half of what arrived took longer: delayed. */
  readonly delayedAfterMs: number;
}

/** Rows that webhooks bring, or a column that says when the last one came. */
export interface ArrivalTable extends TableName {
  readonly receivedAt: string;
  /** When what a row tells of happened: the first of these that is not NULL. */
  readonly eventAt: readonly string[];
  readonly where: Readonly<Record<string, readonly string[]>>;
  /** Column → values of rows that no webhook brought. */
  readonly except: Readonly<Record<string, readonly string[]>>;
  readonly optional: boolean;
}

/** Events as the application took them in, with what became of each. */
export interface EventTable extends TableName {
  readonly at: string;
  readonly status: string;
  readonly succeeded: readonly string[];
  readonly failed: readonly string[];
  readonly where: Readonly<Record<string, readonly string[]>>;
  readonly optional: boolean;
}

export const refreshModes = ['on', 'shadow', 'off'] as const;

/** How, how fast and whether the tokens of a provider are refreshed. */
export interface RefreshConfig {
  /** shadow: decides and counts, and touches nothing. */
  readonly mode: (typeof refreshModes)[number];
  readonly way: TokenEndpointConfig | AppEndpointConfig;
  readonly rateLimit: RateLimit;
  /** Requests in flight at a time. */
  readonly concurrency: number;
  /** A second `invalid_grant` on the same refresh token, this much later, means that the grant is dead. */
  readonly invalidGrantConfirmAfterMs: number;
}

export interface RateLimit {
  readonly requests: number;
  readonly perMs: number;
}

export const clientAuthentications = ['client_secret_post', 'client_secret_basic', 'none'] as const;

/** The provider's token endpoint (RFC 6749 section 6), and its quirks as data. */
export interface TokenEndpointConfig {
  readonly kind: 'token_endpoint';
  readonly url: string;
  readonly clientId: string;
  /** Secret. */
  readonly clientSecret: string | null;
  readonly clientAuthentication: (typeof clientAuthentications)[number];
  /** Further parameters of the request. */
  readonly parameters: Readonly<Record<string, string>>;
  readonly headers: Readonly<Record<string, string>>;
  /** The provider's own error code → the code of RFC 6749 section 5.2 that it stands for. */
  readonly errorAliases: Readonly<Record<string, string>>;
}

/** An endpoint of the application that refreshes all its tokens, or one. */
export interface AppEndpointConfig {
  readonly kind: 'app_endpoint';
  readonly url: string;
  /** Values are secrets. */
  readonly headers: Readonly<Record<string, string>>;
  /** JSON text. Per row, `{{subject}}` and `{{token_id}}` in it name the row. */
  readonly body: string | null;
  readonly perRow: boolean;
}
