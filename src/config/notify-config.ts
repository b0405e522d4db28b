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
