import type { ProviderAssessment } from '../assess/assess-provider.js';
import type { AssessedToken } from '../assess/assessed-token.js';
import type { GrantAssessment } from '../assess/grants.js';
import { tokenStatus, tokenStatuses, tokenStatusWords } from '../assess/token-status.js';
import { isTimeToTell } from '../assess/unrefreshed.js';
import type { ProviderConfig } from '../config/config.js';
import { formatDistance } from '../config/format-distance.js';
import { plural } from '../config/plural.js';
import type { Reading } from '../observe/reading.js';
import type { TokenObservation } from '../observe/tokens.js';
import {
  fails,
  findHiddenRows,
  isUnknown,
  judgeFindings,
  nameSome,
  notConfigured,
  notes as note,
  passes,
} from './verify-check.js';
import type { VerifyCheck, VerifyFinding } from './verify-check.js';

/** What the statuses of a provider's tokens are judged by. */
export interface StatusFacts {
  readonly provider: ProviderConfig;
  readonly tokens: Reading<TokenObservation>;
  /** Judged as a poll would, every row of it. */
  readonly assessed: Pick<ProviderAssessment, 'grants' | 'pauses'> | null;
  /** Why nothing is remembered; null: it is. */
  readonly memoryProblem: string | null;
  readonly now: Date;
}

/**
 * Judges the statuses of the active tokens, and their grants.
 *
 * EXPIRED alone is no failure: an application that refreshes on use leaves its idle tokens so. It
 * passes only where somebody was seen to refresh that very token before.
 */
export function verifyStatuses(facts: StatusFacts): VerifyCheck {
  const { provider, tokens, assessed } = facts;
  const judge = (findings: readonly VerifyFinding[]) =>
    judgeFindings('token_statuses', provider.name, findings);
  if (!tokens.known) return judge([isUnknown(tokens.reason, tokens.remedy)]);
  const grants = assessed?.grants ?? null;
  if (grants === null) return judge([isUnknown('the tokens were not judged', 'doctor')]);
  const findings = [
    ...countStatuses(grants, facts),
    ...findLapses(grants),
    ...findPauses(assessed?.pauses ?? []),
    ...findHiddenRows(tokens),
    ...findGaps(tokens.value, grants, facts),
  ];
  const isWithoutExpiry = provider.tokens.columns.expiresAt === null;
  if (isWithoutExpiry && findings.every(({ verdict }) => verdict !== 'fail')) {
    const why = 'columns.expires_at is not mapped: nothing says when these tokens expire';
    return notConfigured('token_statuses', provider.name, why);
  }
  return judge(findings);
}

function countStatuses(
  { tokens, unrefreshed }: GrantAssessment,
  { provider, now }: StatusFacts,
): VerifyFinding[] {
  const active = tokens.filter((token) => token.active);
  const statusOf = (token: AssessedToken) =>
    tokenStatus(token.expiresAtMs, now, provider.expiringSoonMs);
  const counts = tokenStatuses
    .map((status) => ({ status, count: active.filter((t) => statusOf(t) === status).length }))
    .filter(({ count }) => count > 0)
    .map(({ status, count }) => `${String(count)} ${tokenStatusWords[status]}`);
  const inactive = tokens.length - active.length;
  if (active.length === 0) {
    return inactive === 0
      ? [isUnknown('there is no token', 'check the mapping of the table: doctor')]
      : [isUnknown(`none of ${plural(inactive, 'token')} is active`, 'reconnect --all-expired')];
  }
  const isValid = active.some((token) => ['valid', 'expiring_soon'].includes(statusOf(token)));
  const text = `${String(active.length)} active: ${counts.join(', ')}`;
  const told = new Set(unrefreshed.tokens.map(({ token }) => token));
  const untold = active.filter((token) => !told.has(token));
  return [isValid ? passes(text) : note(text), ...findResting(untold, statusOf)];
}

/** Expired ones that are nobody's outage, and ones of which nothing is known. */
function findResting(
  active: readonly AssessedToken[],
  statusOf: (token: AssessedToken) => string,
): VerifyFinding[] {
  const expired = active.filter(
    (token) =>
      statusOf(token) === 'expired' && !token.isEffectivelyExpired && token.grant !== 'dead',
  );
  const isLeft = (token: AssessedToken) => !token.isRefreshedByUs && token.grant === 'live';
  const left = expired.filter(isLeft).length;
  const open = expired.filter((token) => !isLeft(token));
  const timeless = active.filter(({ expiresAtMs }) => expiresAtMs === null);
  return [
    ...(left === 0
      ? []
      : [
          note(
            `${plural(left, 'EXPIRED, as an application leaves an idle one', 'EXPIRED, as an application leaves idle ones')} that it refreshes on use`,
          ),
        ]),
    ...(open.length === 0
      ? []
      : [
          isUnknown(
            `${String(open.length)} EXPIRED (${named(open)}): nobody was seen to refresh ${open.length === 1 ? 'it' : 'them'} yet`,
            'refresh --due, or sync one of them: verify --sync-user <user_id>',
          ),
        ]),
    ...(timeless.length === 0
      ? []
      : [
          isUnknown(
            `${String(timeless.length)} without a recorded expiry (${named(timeless)})`,
            'verify --sync-user <user_id>: only a use tells',
          ),
        ]),
  ];
}

function findLapses({ tokens, falselyDeactivated, unrefreshed }: GrantAssessment): VerifyFinding[] {
  const dead = tokens.filter(({ grant }) => grant === 'dead');
  const lapsed = tokens.filter((t) => t.isEffectivelyExpired && t.grant !== 'dead');
  // Where refreshing is not our job, nothing of it is overdue.
  const overdue = tokens.filter(
    (t) =>
      t.active && t.isOverdue && t.isRefreshedByUs && !lapsed.includes(t) && t.grant !== 'dead',
  );
  const unattended = unrefreshed.tokens.filter(({ token }) => !lapsed.includes(token));
  const expired = unattended.filter(({ remainingMs }) => remainingMs < 0);
  const soon = unattended.filter((each) => each.remainingMs >= 0 && isTimeToTell(each));
  const failing = (list: readonly AssessedToken[], words: string, nextStep: string) =>
    list.length === 0 ? [] : [fails(`${String(list.length)} ${words} (${named(list)})`, nextStep)];
  return [
    ...failing(
      lapsed,
      'expired although they should have been refreshed',
      'explain <token_id>, then refresh --due',
    ),
    ...failing(
      expired.map(({ token }) => token),
      'EXPIRED, and nobody refreshes them',
      'refresh --due; without a way to refresh: reconnect --all-expired',
    ),
    ...failing(dead, 'with a dead grant', 'reconnect'),
    ...failing(overdue, 'overdue for a refresh', 'explain <token_id>'),
    ...failing(
      soon.map(({ token }) => token),
      'expire soon, and nobody refreshes them',
      'explain <token_id>',
    ),
    ...(falselyDeactivated === 0
      ? []
      : [
          fails(
            `${String(falselyDeactivated)} switched off although valid`,
            'reactivate --falsely-deactivated',
          ),
        ]),
  ];
}

function findPauses(pauses: NonNullable<ProviderAssessment['pauses']>): VerifyFinding[] {
  return pauses.map(({ reason, failure, untilMs }) => {
    const why = `refreshes are paused: ${reason}${failure === null ? '' : ` (${failure})`}`;
    return untilMs === null
      ? fails(why, 'correct the client of the provider, and restart the exporter')
      : isUnknown(why, 'wait until the pause ends, then verify again');
  });
}

/** What keeps the counts from being all there is to know. */
function findGaps(
  { active, inactive }: TokenObservation,
  { tokens, unrefreshed }: GrantAssessment,
  { provider, memoryProblem }: StatusFacts,
): VerifyFinding[] {
  const nameless = active.total + inactive.total - tokens.length;
  const later = unrefreshed.tokens.filter((each) => !isTimeToTell(each));
  const firstMs = Math.min(...later.map(({ remainingMs }) => remainingMs));
  return [
    ...(nameless === 0
      ? []
      : [
          isUnknown(
            `${plural(nameless, 'row has no token_id and was', 'rows have no token_id and were')} not judged`,
            'doctor',
          ),
        ]),
    ...(memoryProblem !== null && provider.refresh?.mode === 'on'
      ? [isUnknown(`which grants are dead is not known: ${memoryProblem}`, 'migrate')]
      : []),
    ...(later.length === 0
      ? []
      : [
          note(
            `${plural(later.length, 'is', 'are')} refreshed by nobody; the first expires in ${formatDistance(firstMs)}`,
          ),
        ]),
  ];
}

function named(tokens: readonly AssessedToken[]): string {
  return nameSome(tokens.map(({ tokenId }) => tokenId));
}
