import { tokenStatus, tokenStatusWords } from '../assess/token-status.js';
import type { Lifetime, LifetimeSource } from '../assess/lifetime.js';
import type { RefreshDecision } from '../assess/refresh-due.js';
import { formatInstant, isoInstant } from '../config/format-instant.js';
import { faultUnder } from '../refresh/provider-health.js';
import type { ProviderHealth } from '../refresh/provider-health.js';
import type { KnownJournal } from '../store/journals.js';
import type { LedgerLine } from '../store/ledger.js';
import type { TokenMemory } from '../store/token-memory.js';
import { describeDecision } from './describe-decision.js';
import { nextStep } from './next-step.js';
import type { JudgedToken } from './judged-token.js';

/** A token whose row is there, and what follows for its refresh. */
export interface ExplainedToken extends JudgedToken {
  /** Personal data: whoever shows it masks it where it has to be. */
  readonly account: string | null;
  readonly lifetime: Lifetime | null;
  readonly decision: RefreshDecision;
}

/** What stands around a token in the memory. */
export interface TokenSurroundings {
  readonly ledger: readonly LedgerLine[];
  readonly health: ProviderHealth;
  /** No call of the application's endpoint leaves before this. */
  readonly callNotBeforeMs: number | null;
  readonly journals: readonly KnownJournal[];
}

/** What there is to say of one token. Instants as JSON has them. Holds no secret. */
export interface Explanation {
  readonly provider: string;
  readonly token_id: string;
  readonly user_id: string | null;
  readonly account: string | null;
  readonly token_status: string;
  readonly token_expires_at: string | null;
  readonly is_active: boolean;
  readonly grant: string;
  readonly lifetime_seconds: number | null;
  readonly lifetime_from: string;
  readonly refreshed_by: string;
  readonly due_at: string | null;
  readonly due: boolean;
  readonly why: string;
  readonly last_refresh_at: string | null;
  readonly last_failure: { readonly at: string | null; readonly reason: string | null } | null;
  readonly failures_in_a_row: number;
  readonly not_before: string | null;
  readonly suspected_at: string | null;
  readonly dead_since: string | null;
  readonly claim: Claim | null;
  readonly pause: string | null;
  readonly ledger: readonly {
    readonly at: string;
    readonly event: string;
    readonly reason: string | null;
    readonly detail: string | null;
    readonly actor: string;
  }[];
  readonly next_step: string;
}

export interface Claim {
  readonly journal: string;
  readonly host: string | null;
  readonly claimed_at: string | null;
  readonly journal_last_seen: string | null;
}

const lifetimeSources: Readonly<Record<LifetimeSource, string>> = {
  expires_in: 'expires_in of our last refresh',
  observed: 'observed: how far ahead refreshes put the expiry',
  declared: 'declared for the provider',
  first_seen: 'what was left of it when it was first seen',
};

/** Explains a token whose row is there. */
export function explainToken(
  facts: ExplainedToken,
  around: TokenSurroundings,
  configurationFingerprint: string,
  { now, memoryProblem }: { readonly now: Date; readonly memoryProblem: string | null },
): Explanation {
  const { provider, row, memory, subject, lifetime, decision } = facts;
  const pause = describePause(around, configurationFingerprint, now.getTime());
  const claim = describeClaim(memory, around.journals);
  return {
    provider: provider.name,
    token_id: row.id,
    user_id: row.subject,
    account: facts.account,
    token_status: tokenStatusWords[tokenStatus(row.expiresAtMs, now, provider.expiringSoonMs)],
    token_expires_at: isoInstant(row.expiresAtMs),
    is_active: row.active,
    grant: subject.grant,
    lifetime_seconds: lifetime === null ? null : lifetime.lifetimeMs / 1000,
    lifetime_from: lifetime === null ? 'nothing tells it' : lifetimeSources[lifetime.source],
    refreshed_by: describeWay(facts),
    due_at: isoInstant(decision.dueAtMs),
    due: decision.due,
    why: describeDecision(decision),
    ...history(memory),
    claim,
    pause,
    ledger: around.ledger.map(ledgerJson),
    next_step: nextStep(facts, { pause, claim, memoryProblem, now }),
  };
}

/** Explains a token of which only the memory is left. */
export function explainGoneToken(
  provider: string,
  memory: TokenMemory,
  ledger: readonly LedgerLine[],
): Explanation {
  return {
    provider,
    token_id: memory.tokenId,
    user_id: null,
    account: null,
    token_status: 'GONE',
    token_expires_at: isoInstant(memory.expiresAtMs),
    is_active: false,
    grant: 'disabled',
    lifetime_seconds: null,
    lifetime_from: 'nothing tells it',
    refreshed_by: 'nobody',
    due_at: null,
    due: false,
    why: `its row is gone since ${formatInstant(memory.goneAtMs) ?? 'just now'}`,
    ...history(memory),
    claim: null,
    pause: null,
    ledger: ledger.map(ledgerJson),
    next_step: 'nothing: its user disconnected, or the application deleted the row',
  };
}

function history(
  memory: TokenMemory | null,
): Pick<
  Explanation,
  | 'last_refresh_at'
  | 'last_failure'
  | 'failures_in_a_row'
  | 'not_before'
  | 'suspected_at'
  | 'dead_since'
> {
  const failedAtMs = memory?.failedAtMs ?? null;
  return {
    last_refresh_at: isoInstant(memory?.refreshedAtMs ?? null),
    last_failure:
      failedAtMs === null
        ? null
        : { at: isoInstant(failedAtMs), reason: memory?.failureReason ?? null },
    failures_in_a_row: memory?.failures ?? 0,
    not_before: isoInstant(memory?.notBeforeMs ?? null),
    suspected_at: isoInstant(memory?.suspectedAtMs ?? null),
    dead_since: isoInstant(memory?.deadSinceMs ?? null),
  };
}

function describeWay({ provider: { refresh } }: ExplainedToken): string {
  if (refresh === null) return 'nobody: no way is configured';
  const way = refresh.way.kind === 'token_endpoint' ? 'token endpoint' : "application's endpoint";
  return refresh.mode === 'on' ? way : `${way}, but REFRESH_MODE is ${refresh.mode}`;
}

function describeClaim(
  memory: TokenMemory | null,
  journals: readonly KnownJournal[],
): Claim | null {
  const claimedBy = memory?.claimedBy ?? null;
  if (claimedBy === null) return null;
  const journal = journals.find(({ journalId }) => journalId === claimedBy);
  return {
    journal: claimedBy,
    host: journal?.host ?? null,
    claimed_at: isoInstant(memory?.claimedAtMs ?? null),
    journal_last_seen: journal?.seenAt?.toISOString() ?? null,
  };
}

/** Why little or nothing is sent to the provider now; null: nothing holds it back. */
function describePause(
  { health, callNotBeforeMs }: TokenSurroundings,
  configurationFingerprint: string,
  nowMs: number,
): string | null {
  const until = (ms: number) => `until ${formatInstant(ms) ?? ''}`;
  const fault = faultUnder(health.faults, configurationFingerprint);
  if (fault !== null) {
    return `configuration: the provider refuses our client (${fault.reason}) since ${formatInstant(fault.sinceMs) ?? ''}`;
  }
  if (health.retryAtMs !== null && nowMs < health.retryAtMs) {
    return `Retry-After: the provider asked for no requests ${until(health.retryAtMs)}`;
  }
  const { phase } = health.breaker;
  if (phase.kind === 'open' || phase.kind === 'suspect') {
    return `breaker ${phase.kind}: most refreshes failed alike (${phase.reason}); one token is tried ${phase.kind === 'open' ? `after ${formatInstant(phase.untilMs) ?? ''}` : 'first'}`;
  }
  if (callNotBeforeMs !== null && nowMs < callNotBeforeMs) {
    return `the application's endpoint is not called ${until(callNotBeforeMs)}`;
  }
  return null;
}

function ledgerJson({ at, ...line }: LedgerLine): Explanation['ledger'][number] {
  return { at: at.toISOString(), ...line };
}
