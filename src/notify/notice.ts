/** How urgent an incident is; critical ones mention somebody. */
export const severities = ['critical', 'warning', 'info'] as const;
export type Severity = (typeof severities)[number];

/** State words of a message. RECOVERED stands in closing titles only. */
export const noticeKinds = ['open', 'update', 'reminder', 'recovered'] as const;
export type NoticeKind = (typeof noticeKinds)[number];

/** One account that an incident affects. Everything in it comes from data. */
export interface AffectedAccount {
  /** The user or organisation, as the application's table names it. */
  readonly subject: string;
  /** null: none is recorded, or accounts are not to be shown. Masked already where configured. */
  readonly account: string | null;
}

/** What people are to be told of an incident, once. Holds no secret. */
export interface Notice {
  readonly kind: NoticeKind;
  readonly incidentId: string;
  /** null: it concerns the exporter or its database, not one provider. */
  readonly provider: string | null;
  /** Name of the cause, as `silence --cause` takes it. */
  readonly cause: string;
  readonly severity: Severity;
  /** Stable apart from its numbers: `30 of 300 grants are dead`. */
  readonly title: string;
  /** The cause in words a person understands. */
  readonly explanation: string;
  /** What to do next. For a recovery: what proved it. */
  readonly nextStep: string;
  /** Heading of docs/runbook.md, as an anchor: `grants-dead`. */
  readonly runbook: string;
  readonly openedAtMs: number;
  /** When it was decided, by the database's clock. */
  readonly atMs: number;
  readonly affected: number;
  /** Of how many; null where that means nothing. */
  readonly outOf: number | null;
  /** An update: how many it was when people were last told. */
  readonly previouslyAffected: number | null;
  /** At most ten; `affected` tells how many more there are. */
  readonly accounts: readonly AffectedAccount[];
}
