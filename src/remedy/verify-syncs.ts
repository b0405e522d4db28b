import type { ProviderAssessment } from '../assess/assess-provider.js';
import { formatDistance } from '../config/format-distance.js';
import { syncFailureReasons } from '../config/sync-config.js';
import type { SyncConfig } from '../config/config.js';
import type { SyncFailureReason } from '../config/sync-config.js';
import type { Reading } from '../observe/reading.js';
import type { SyncObservation } from '../observe/observe-syncs.js';
import type { SyncedOutcome } from './sync-users.js';
import {
  fails,
  findHiddenRows,
  isUnknown,
  judgeFindings,
  nameSome,
  notConfigured,
  passes,
} from './verify-check.js';
import type { VerifyCheck, VerifyFinding } from './verify-check.js';

export interface SyncFacts {
  readonly provider: string;
  readonly config: Pick<SyncConfig, 'running'> | null;
  readonly tokens: Reading<unknown>;
  /** null: none are configured. */
  readonly observed: SyncObservation | null;
  readonly assessed: Pick<ProviderAssessment, 'syncs' | 'stuckSyncs' | 'syncFailures'> | null;
}

/** Judges the syncs of all active tokens, by what the application's tables say of them. */
export function verifySyncs({
  provider,
  config,
  tokens,
  observed,
  assessed,
}: SyncFacts): VerifyCheck {
  if (observed === null) return notConfigured('syncs', provider, 'no syncs are mapped');
  const { lag, stuck, failures } = observed;
  const isAbsent =
    stuck?.known === false && stuck.state === 'missing' && config?.running?.optional === true;
  const unread = [lag, isAbsent ? null : stuck, failures].flatMap((reading) =>
    reading?.known === false ? [isUnknown(reading.reason, reading.remedy)] : [],
  );
  const findings = [
    ...unread,
    ...findHiddenRows(tokens),
    ...findOverdue(assessed?.syncs ?? null),
    ...findFailures(assessed?.syncFailures ?? null),
    ...findStuck(assessed?.stuckSyncs ?? null),
  ];
  return judgeFindings('syncs', provider, findings);
}

function findOverdue(syncs: ProviderAssessment['syncs']): VerifyFinding[] {
  if (syncs === null) return [];
  const { overdue, maxLagMs } = syncs;
  if (overdue > 0) return [fails(`${String(overdue)} overdue`, 'sync --all-stale')];
  if (maxLagMs === null) {
    return [isUnknown('no active token was ever synced', 'verify --sync-user <user_id>')];
  }
  return [
    passes(`none overdue; the oldest of the last successes was ${formatDistance(maxLagMs)} ago`),
  ];
}

const failureStep: Readonly<Record<SyncFailureReason, string>> = {
  reauthorize: 'explain <user_id>, then reconnect',
  auth: 'refresh --user-id <user_id>, then sync --user-id <user_id>',
  rate_limited: 'wait, then sync --all-stale',
  configuration: "restore the setting that the application's own log names",
  quota: 'raise the quota, then sync --all-stale',
  benign: '',
  other: "read the application's own log",
};

/** What is benign is no failure: another sync was under way. */
function findFailures(failures: ProviderAssessment['syncFailures']): VerifyFinding[] {
  if (failures === null) return [];
  return syncFailureReasons
    .filter((reason) => reason !== 'benign' && failures.byReason[reason] > 0)
    .map((reason) => {
      const users = [...failures.byToken.values()].flatMap((failure) =>
        failure.reason === reason ? [failure.subject] : [],
      );
      const text = `the last sync of ${String(users.length)} failed: ${reason} (${nameSome(users)})`;
      return fails(text, failureStep[reason]);
    });
}

function findStuck(stuck: number | null): VerifyFinding[] {
  if (stuck === null || stuck === 0) return [];
  return [
    fails(
      `${String(stuck)} stuck: running for longer than stuck_after`,
      'docs/runbook.md#syncs-late-overdue-or-stuck',
    ),
  ];
}

/** What came of the sync of one user; the first four: nothing was asked. */
export type OneSync =
  | { readonly kind: 'not_asked'; readonly why: string }
  | { readonly kind: 'no_endpoint' }
  | { readonly kind: 'no_such_user' }
  | { readonly kind: 'unread'; readonly reason: string; readonly remedy: string }
  | {
      readonly kind: 'asked';
      readonly outcome: SyncedOutcome;
      /** What the application said: a claim. */
      readonly detail: string;
      /** Whether the last success in the database moved; null: it can't be read. */
      readonly moved: boolean | null;
    };

/** Judges the sync of one user: by the database, and never by the answer alone. */
export function verifyOneSync(provider: string, sync: OneSync): VerifyCheck {
  const judge = (finding: VerifyFinding) => judgeFindings('sync_of_one_user', provider, [finding]);
  switch (sync.kind) {
    case 'not_asked':
      return {
        ...notConfigured('sync_of_one_user', provider, sync.why),
        verdict: 'not_asked',
      };
    case 'no_endpoint':
      return notConfigured('sync_of_one_user', provider, 'no sync endpoint is configured');
    case 'no_such_user':
      return judge(fails('there is no such user', 'status lists the user_ids'));
    case 'unread':
      return judge(isUnknown(sync.reason, sync.remedy));
    case 'asked':
      return judge(judgeAnswer(sync));
  }
}

function judgeAnswer({
  outcome,
  detail,
  moved,
}: Extract<OneSync, { kind: 'asked' }>): VerifyFinding {
  switch (outcome) {
    case 'success':
      if (moved === null) {
        return isUnknown(`${detail}; whether it is true can't be read`, 'doctor');
      }
      return moved
        ? passes(`${detail}; the last success in the database moved`)
        : fails(
            `${detail}; and the last success in the database did not move`,
            "read the application's own log",
          );
    case 'partial':
      return fails(`ended with errors: ${detail}`, "read the application's own log");
    case 'quota':
      return fails(`the quota is used up: ${detail}`, 'raise the quota, then verify again');
    case 'failed':
      return fails(detail, 'explain <user_id>');
    case 'in_progress':
      return isUnknown(`another sync of this user is under way: ${detail}`, 'verify again later');
    case 'not_tried':
    case 'interrupted':
      return isUnknown(detail, 'verify again');
  }
}
