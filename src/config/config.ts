import type { BacklogConfig } from './backlog-config.js';
import type { CronConfig, ProviderJobs, ProviderWebhooks } from './jobs-config.js';
import type { IncidentsConfig, MailConfig, NotifyConfig } from './notify-config.js';
import type { RefreshConfig } from './refresh-config.js';
import type {
  FailurePattern,
  FailureTable,
  RunLog,
  StoredItems,
  SyncEndpointConfig,
  SyncSchedule,
} from './sync-config.js';

/** The whole configuration, resolved: every default applied, every duration in milliseconds. */
export interface Config {
  /** Where tokens are: those that are read, that of DATABASE_URL first. At least one. */
  readonly databases: readonly DatabaseConfig[];
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
  /** Secret: lets people control the exporter over HTTP. null: they can't. */
  readonly adminToken: string | null;
  /** Names by which people and pipelines reach it for that, beside those it knows itself. */
  readonly adminHosts: readonly string[];
  readonly incidents: IncidentsConfig;
  readonly notify: NotifyConfig;
  readonly mail: MailConfig | null;
  /** Secret: it may hold a password. null: no mail can be sent. */
  readonly smtpUrl: string | null;
}

/** Where the exporter keeps its own memory. */
export interface StateConfig {
  /** STATE_DATABASE_URL, or else DATABASE_URL: there, in a schema of our own. */
  readonly database: DatabaseConfig;
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

/** The name of the database that DATABASE_URL names. */
export const defaultDatabase = 'default';

/** A database, and how it is reached. `url` is a secret: it holds a password. */
export interface DatabaseConfig {
  /** As `database` of a provider says it. */
  readonly name: string;
  /** The environment variable that holds the URL: what a message tells people to look at. */
  readonly setting: string;
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
  /** Name of the database that holds its tokens and everything beside them. */
  readonly database: string;
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
  /** What may be missing after an outage; null: nobody told us where it shows. */
  readonly backlog: BacklogConfig | null;
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
  /** timestamptz that moves with every write of the row. */
  readonly updatedAt: ColumnRef | null;
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
  /** What syncs store; null: nobody told us where. */
  readonly stored: StoredItems | null;
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
