import type { OutboxBacklog } from '../../store/outbox-backlog.js';
import type { TroubleLine } from '../../store/watch-ledger.js';
import type { AssessedToken } from '../../assess/assessed-token.js';
import type { CronTrouble } from '../../assess/cron-trouble.js';
import type { SourceAssessment } from '../../assess/sources.js';
import type { SyncFailures } from '../../assess/sync-failures.js';
import type { ProviderBaseline } from '../baseline.js';
import type { Finding } from '../finding.js';
import type { FailedRuns } from '../job-runs.js';
import type { CheckName } from './check-name.js';

/** Something of this poll, or why it was not seen. What was not seen never passes for fine. */
export type Seen<T> =
  { readonly seen: true; readonly value: T } | { readonly seen: false; readonly because: string };

/** One provider as a poll saw it. */
export interface ProviderView {
  readonly provider: string;
  readonly atMs: number;
  readonly tokens: Seen<readonly AssessedToken[]>;
  readonly syncs: Seen<{ readonly overdue: number; readonly maxLagMs: number | null }>;
  readonly syncFailures: Seen<SyncFailures>;
  readonly stuckSyncs: Seen<number>;
  readonly webhooks: Seen<SeenWebhooks>;
  /** After this long without a success a sync is overdue; null where none is mapped. */
  readonly overdueAfterMs: number | null;
  readonly sources: readonly SourceAssessment[];
  readonly troubles: readonly TroubleLine[];
}

/** Webhooks that came at least once, and whose silence would be a fault. */
export interface SeenWebhooks {
  readonly lastReceivedAtMs: number;
  readonly silentAfterMs: number;
  readonly isSilent: boolean;
}

/** Scheduled jobs: what is wrong with them now, and what failed since the poll before. */
export interface SeenJobs {
  readonly troubles: readonly CronTrouble[];
  readonly failedRuns: readonly FailedRuns[];
}

/** What belongs to no provider. */
export interface CommonView {
  readonly atMs: number;
  readonly cron: Seen<SeenJobs>;
  readonly outbox: Seen<OutboxBacklog>;
}

/** What a check says of one poll. */
export type Evidence =
  | { readonly kind: 'observed'; readonly findings: readonly Finding[] }
  | { readonly kind: 'unobservable'; readonly because: string };

interface CheckFacts {
  readonly name: CheckName;
  /** What must be true, in words for the report. */
  readonly promise: string;
  /** Without it there is no baseline; the others may be out of scope. */
  readonly required: boolean;
  /** `37 tokens were expired already`: what of it was there at the start, in short. */
  readonly wrongAlready: (count: number) => string;
}

/**
 * One thing that a watch looks at, with its evidence rule. A new one is an entry in the registry and
 * a name; coverage, scope, baseline and verdict follow from what it says.
 */
export type Check =
  | (CheckFacts & {
      readonly scope: 'provider';
      /** `baseline` is null in the poll that becomes the baseline. */
      readonly look: (view: ProviderView, baseline: ProviderBaseline | null) => Evidence;
    })
  | (CheckFacts & {
      readonly scope: 'common';
      readonly look: (view: CommonView) => Evidence;
    });

/** Findings from what was seen; what was not seen makes the check unobservable. */
export function lookAt<T>(seen: Seen<T>, find: (value: T) => readonly Finding[]): Evidence {
  return seen.seen
    ? { kind: 'observed', findings: find(seen.value) }
    : { kind: 'unobservable', because: seen.because };
}
