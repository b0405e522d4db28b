import { observedAtOf } from '../assess/assess.js';
import type { Assessment } from '../assess/assess.js';
import type { AssessedToken } from '../assess/assessed-token.js';
import type { GrantState } from '../assess/grant-state.js';
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

/** The tokens of one provider of which the last poll knew. */
export interface KnownTokens {
  readonly provider: string;
  /** Of a provider of which nothing is remembered only the most urgent, by their ids. */
  readonly tokens: readonly KnownToken[];
  readonly observedAt: Date;
  readonly expiringSoonMs: number;
}

export type KnownToken = AssessedToken | ObservedToken;

/** Finds every token of which the last poll knew. */
export function knownTokens(
  assessment: Assessment,
  configured: readonly Pick<ProviderConfig, 'name' | 'expiringSoonMs'>[],
): KnownTokens[] {
  return [...assessment.providers].flatMap(([provider, { grants, tokens }]): KnownTokens[] => {
    const observedAt = observedAtOf(assessment, provider);
    if (observedAt === null) return [];
    const expiringSoonMs = configured.find(({ name }) => name === provider)?.expiringSoonMs ?? 0;
    const known = grants?.tokens ?? tokens?.mostUrgent ?? [];
    return [{ provider, tokens: known, observedAt, expiringSoonMs }];
  });
}

/** Shows a token as the list does. */
export function listToken(of: KnownTokens, token: KnownToken): ListedToken {
  const { active, expiresAtMs } = token;
  const assessed = 'tokenId' in token ? token : null;
  return {
    provider: of.provider,
    tokenId: idOf(token),
    subject: assessed?.subject ?? null,
    active,
    expiresAtMs,
    status: tokenStatus(expiresAtMs, of.observedAt, of.expiringSoonMs),
    grant: assessed?.grant ?? null,
    dueAtMs: dueAtMsOf(token),
    urgency: urgencyOf(of, token),
    assessed,
  };
}

export function idOf(token: KnownToken): string {
  return 'tokenId' in token ? token.tokenId : token.id;
}

/** When its refresh is due; null: never, or nothing is remembered of it. */
export function dueAtMsOf(token: KnownToken): number | null {
  return 'tokenId' in token ? token.decision.dueAtMs : null;
}

/** What a token is looked at for. */
export function urgencyOf(of: KnownTokens, token: KnownToken): Urgency {
  if ('tokenId' in token) {
    if (token.isEffectivelyExpired && token.grant !== 'dead') return 'outage';
    if (token.isOverdue) return 'overdue';
    if (token.grant === 'dead') return 'dead';
    if (token.grant === 'at_risk') return 'at_risk';
    if (token.isFalselyDeactivated) return 'switched_off_wrongly';
  }
  const status = tokenStatus(token.expiresAtMs, of.observedAt, of.expiringSoonMs);
  return token.active && status === 'expired' ? 'expired' : 'none';
}
