import { observedAtOf } from '../assess/assess.js';
import type { Assessment } from '../assess/assess.js';
import type { AssessedToken } from '../assess/assessed-token.js';
import type { GrantState } from '../assess/grant-state.js';
import { sliceSize } from '../assess/slices.js';
import type { Slices } from '../assess/slices.js';
import { tokenStatus } from '../assess/token-status.js';
import type { TokenStatus } from '../assess/token-status.js';
import type { ProviderConfig } from '../config/config.js';
import type { ObservedToken } from '../observe/tokens.js';

/** A token as the list of tokens knows it. */
export interface ListedToken {
  readonly provider: string;
  readonly tokenId: string;
  readonly subject: string | null;
  readonly active: boolean;
  readonly expiresAtMs: number | null;
  readonly status: TokenStatus;
  /** null: nothing is remembered of it. */
  readonly grant: GrantState | null;
  readonly dueAtMs: number | null;
  /** The lower, the sooner somebody should look at it. */
  readonly urgency: Urgency;
  readonly assessed: AssessedToken | null;
}

/** What people know a token by: its user, else its own id. */
export function nameOf(token: {
  readonly subject: string | null;
  readonly tokenId: string;
}): string {
  const { subject, tokenId } = token;
  return subject === null || subject === '' ? tokenId : subject;
}

/** What a token is looked at for, the most urgent first. */
export const urgencies = [
  /** Its expiry is an outage. */
  'outage',
  /** Its refresh should have happened and did not. */
  'overdue',
  /** Its grant is dead: the user must authorize again. */
  'dead',
  /** Its last refresh failed. */
  'at_risk',
  /** It was switched off while it was valid. */
  'switched_off_wrongly',
  'expired',
  'none',
] as const;
export type Urgency = (typeof urgencies)[number];

/**
 * Lists every token of which the last poll knew. Of a provider of which nothing is remembered only
 * the most urgent are known, by their ids.
 */
export function* listTokens(
  assessment: Assessment,
  configured: readonly Pick<ProviderConfig, 'name' | 'expiringSoonMs'>[],
): Slices<ListedToken[]> {
  const all: ListedToken[] = [];
  for (const [provider, { grants, tokens }] of assessment.providers) {
    const observedAt = observedAtOf(assessment, provider);
    if (observedAt === null) continue;
    const soonMs = configured.find(({ name }) => name === provider)?.expiringSoonMs ?? 0;
    for (const token of grants?.tokens ?? tokens?.mostUrgent ?? []) {
      const status = tokenStatus(token.expiresAtMs, observedAt, soonMs);
      all.push(
        'tokenId' in token
          ? listed(provider, token, status)
          : unremembered(provider, token, status),
      );
      if (all.length % sliceSize === 0) yield;
    }
  }
  return all;
}

function unremembered(
  provider: string,
  { id, active, expiresAtMs }: ObservedToken,
  status: TokenStatus,
): ListedToken {
  return {
    provider,
    tokenId: id,
    subject: null,
    active,
    expiresAtMs,
    status,
    grant: null,
    dueAtMs: null,
    urgency: active && status === 'expired' ? 'expired' : 'none',
    assessed: null,
  };
}

function listed(provider: string, token: AssessedToken, status: TokenStatus): ListedToken {
  return {
    provider,
    tokenId: token.tokenId,
    subject: token.subject,
    active: token.active,
    expiresAtMs: token.expiresAtMs,
    status,
    grant: token.grant,
    dueAtMs: token.decision.dueAtMs,
    urgency: urgencyOf(token, status),
    assessed: token,
  };
}

function urgencyOf(token: AssessedToken, status: TokenStatus): Urgency {
  if (token.isEffectivelyExpired && token.grant !== 'dead') return 'outage';
  if (token.isOverdue) return 'overdue';
  if (token.grant === 'dead') return 'dead';
  if (token.grant === 'at_risk') return 'at_risk';
  if (token.isFalselyDeactivated) return 'switched_off_wrongly';
  return token.active && status === 'expired' ? 'expired' : 'none';
}
