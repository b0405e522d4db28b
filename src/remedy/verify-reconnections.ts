import { isFalselyDeactivated } from '../assess/grant-state.js';
import { formatDistance } from '../config/format-distance.js';
import { plural } from '../config/plural.js';
import type { Reading } from '../observe/reading.js';
import type { SwitchEvent } from '../store/switch-events.js';
import type { JudgedToken } from './judged-token.js';
import { mustReconnect, reconnectNeed } from './reconnect-need.js';
import type { Returned } from './reconnect-verify.js';
import {
  fails,
  findHiddenRows,
  isUnknown,
  judgeFindings,
  nameSome,
  notes as note,
  passes,
} from './verify-check.js';
import type { VerifyCheck, VerifyFinding } from './verify-check.js';

/** What the memory tells of a provider's people. */
export interface RememberedReturns {
  /** Who was asked, or was seen, to authorize again. */
  readonly returned: readonly Returned[];
  readonly lastSwitchOf: (tokenId: string) => SwitchEvent | null;
  /** The oldest line of the ledger; null: it is empty. */
  readonly ledgerBeginsAtMs: number | null;
}

export interface ReconnectionFacts {
  readonly provider: string;
  readonly read: Reading<unknown>;
  /** Every token that was read. */
  readonly tokens: readonly JudgedToken[];
  readonly remembered: RememberedReturns | { readonly problem: string };
  /** null: since people were last written to. */
  readonly sinceMs: number | null;
  readonly nowMs: number;
}

/** Judges whether everybody who had to came back, and whether nobody is left cut off. */
export function verifyReconnections(facts: ReconnectionFacts): VerifyCheck {
  const { provider, read, remembered } = facts;
  const judge = (findings: readonly VerifyFinding[]) =>
    judgeFindings('reconnections', provider, findings);
  if (!read.known) return judge([isUnknown(read.reason, read.remedy)]);
  if ('problem' in remembered) {
    return judge([
      isUnknown(`who was to come back is not known: ${remembered.problem}`, 'doctor'),
      ...findWaiting(facts, new Set()),
    ]);
  }
  const missing = remembered.returned.flatMap(({ asked, verdict }) =>
    verdict.kind === 'not_back' ? [asked.tokenId] : [],
  );
  return judge([
    ...findReturned(facts, remembered),
    ...findWaiting(facts, new Set(missing)),
    ...findSwitchedOff(facts, remembered),
    ...findLedgerGap(facts, remembered),
    ...findHiddenRows(read),
  ]);
}

function findReturned(
  { sinceMs, nowMs, tokens }: ReconnectionFacts,
  { returned }: RememberedReturns,
): VerifyFinding[] {
  const since = sinceMs === null ? '' : `, since ${formatDistance(nowMs - sinceMs)} ago`;
  if (returned.length === 0) {
    const nobody = sinceMs === null ? 'nobody was written to' : 'nobody authorized again';
    const text = `${nobody}${since}`;
    return [tokens.length === 0 ? note(text) : passes(`${text}, and nobody is missing`)];
  }
  const of = (kind: Returned['verdict']['kind']) =>
    returned.filter(({ verdict }) => verdict.kind === kind).map(({ asked }) => asked);
  const back = of('back').length;
  const missing = of('not_back');
  const gone = of('gone');
  const people = (list: readonly Returned['asked'][]) =>
    nameSome(list.map(({ subject, tokenId }) => subject ?? tokenId));
  const text = `${String(back)} of ${String(returned.length)} came back${since}`;
  return [
    back === 0 ? note(text) : passes(text),
    ...(missing.length === 0
      ? []
      : [
          fails(
            `${plural(missing.length, 'has', 'have')} not come back (${people(missing)})`,
            'reconnect --verify',
          ),
        ]),
    ...(gone.length === 0
      ? []
      : [
          fails(
            `${String(gone.length)} disconnected and did not connect again (${people(gone)})`,
            'reconnect --verify',
          ),
        ]),
  ];
}

/** Those whom no refresh helps, whether or not anybody told them. */
function findWaiting(
  { tokens, nowMs }: ReconnectionFacts,
  alreadyNamed: ReadonlySet<string>,
): VerifyFinding[] {
  const waiting = tokens.filter((token) => {
    const need = reconnectNeed(token, null, nowMs);
    return need !== null && mustReconnect(need.reason) && !alreadyNamed.has(token.row.id);
  });
  if (waiting.length === 0) return [];
  const text = `${String(waiting.length)} must authorize again (${people(waiting)})`;
  return [fails(text, 'reconnect, then reconnect --notify')];
}

/**
 * Rows that are off, whose users have no other. A refresher switches a row off when a refresh
 * fails, so the flag hides nothing; only what was off before `sinceMs` is no matter of this incident.
 */
function findSwitchedOff(
  { tokens, sinceMs, nowMs }: ReconnectionFacts,
  { lastSwitchOf }: RememberedReturns,
): VerifyFinding[] {
  const connected = new Set(
    tokens.filter(({ row }) => row.active).flatMap(({ row }) => row.subject ?? []),
  );
  const off = tokens.filter(
    (token) =>
      !token.row.active &&
      !connected.has(token.row.subject ?? '') &&
      !isFalselyDeactivated(token.row, nowMs) &&
      !mustReconnect(reconnectNeed(token, null, nowMs)?.reason ?? 'inactive'),
  );
  const when = (token: JudgedToken) => switchedOff(token, lastSwitchOf(token.row.id), sinceMs);
  const lately = off.filter((token) => when(token) === 'since');
  const before = off.filter((token) => when(token) === 'before');
  const some = off.filter((token) => when(token) === 'unknown');
  const listed = 'reconnect --all-expired';
  return [
    ...(lately.length === 0
      ? []
      : [
          fails(
            `${plural(lately.length, 'was', 'were')} switched off since (${people(lately)})`,
            listed,
          ),
        ]),
    ...(some.length === 0
      ? []
      : [
          isUnknown(
            `${plural(some.length, 'is switched off, and it is not known whether it is', 'are switched off, and it is not known whether they are')} to be (${people(some)})`,
            sinceMs === null ? `${listed}; --since leaves out older ones` : listed,
          ),
        ]),
    ...(before.length === 0
      ? []
      : [note(`${plural(before.length, 'was', 'were')} switched off before that`)]),
  ];
}

function switchedOff(
  { memory }: JudgedToken,
  last: SwitchEvent | null,
  sinceMs: number | null,
): 'since' | 'before' | 'unknown' {
  if (sinceMs === null) return 'unknown';
  if (last?.on === false) return last.at.getTime() >= sinceMs ? 'since' : 'before';
  // Off when it was first seen, and never switched after that.
  return last === null && memory !== null && memory.firstSeenAtMs < sinceMs ? 'before' : 'unknown';
}

/** What lies before the ledger's first line can't be answered from it. */
function findLedgerGap(
  { sinceMs, nowMs }: ReconnectionFacts,
  { ledgerBeginsAtMs }: RememberedReturns,
): VerifyFinding[] {
  if (sinceMs === null) return [];
  if (sinceMs > nowMs) {
    return [isUnknown('--since lies in the future', 'name an instant in the past')];
  }
  if (ledgerBeginsAtMs !== null && ledgerBeginsAtMs <= sinceMs) return [];
  const begins =
    ledgerBeginsAtMs === null
      ? 'the ledger is empty'
      : `the ledger begins ${formatDistance(nowMs - ledgerBeginsAtMs)} ago, after --since`;
  return [
    isUnknown(`${begins}: who came back before is not known`, 'name a later instant in --since'),
  ];
}

function people(tokens: readonly JudgedToken[]): string {
  return nameSome(tokens.map(({ row }) => row.subject ?? row.id));
}
