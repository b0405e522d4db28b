import { observedAtOf } from '../assess/assess.js';
import type { Assessment } from '../assess/assess.js';
import type { AssessedToken } from '../assess/assessed-token.js';
import { expiryLeewayMs } from '../assess/effectively-expired.js';

/** What an application can do with a token, the worst last. */
export const healthStates = [
  /** The access token can be used now. */
  'usable',
  /** No expiry is recorded: it may be tried. */
  'unknown',
  /** Its refresh is due or under way: ask again soon. */
  'refreshing',
  /** Expired, and refreshing it is not the exporter's job. */
  'expired',
  /** The application switched its row off. */
  'disabled',
  /** No refresh can save it: the user must authorize again. */
  'must_reconnect',
] as const;
export type HealthState = (typeof healthStates)[number];

export interface TokenHealth {
  readonly provider: string;
  readonly token_id: string;
  readonly state: HealthState;
  /** null: it can't be told. */
  readonly usable: boolean | null;
  readonly expires_at: string | null;
}

/** What is known of one subject's tokens, as of the last poll that could see them. */
export interface SubjectHealth {
  readonly subject: string;
  /** Every one of its tokens is usable; null: not known of one of them. */
  readonly usable: boolean | null;
  readonly observed_at: string;
  readonly tokens: readonly TokenHealth[];
}

/**
 * Tells whether the tokens of a subject can be used at `nowMs`, without asking anything but the
 * last poll. null: no such subject. Holds no secret and no account.
 */
export function subjectHealth(
  assessment: Assessment,
  subject: string,
  provider: string | null,
  nowMs: number,
): SubjectHealth | null {
  const owned = tokensOf(assessment, subject).filter(
    (each) => provider === null || each.provider === provider,
  );
  const tokens = owned.map(({ provider: name, token }) => tokenHealth(name, token, nowMs));
  // Of several databases the one that was read last tells no age of what the others hold.
  const observedAt = owned
    .map((each) => observedAtOf(assessment, each.provider))
    .reduce((a, b) => (a !== null && (b === null || a < b) ? a : b), null);
  if (observedAt === null) return null;
  const states = tokens.map(({ usable }) => usable);
  return {
    subject,
    usable: states.includes(false) ? false : states.includes(null) ? null : true,
    observed_at: observedAt.toISOString(),
    tokens,
  };
}

function tokenHealth(provider: string, token: AssessedToken, nowMs: number): TokenHealth {
  const state = healthState(token, nowMs);
  const { expiresAtMs } = token;
  return {
    provider,
    token_id: token.tokenId,
    state,
    usable: state === 'unknown' ? null : state === 'usable',
    expires_at:
      expiresAtMs !== null && Number.isFinite(expiresAtMs)
        ? new Date(expiresAtMs).toISOString()
        : null,
  };
}

/** An access token outlives its grant: what counts first is whether it can be used. */
function healthState(token: AssessedToken, nowMs: number): HealthState {
  const { active, expiresAtMs, grant, hasRefreshToken, decision, memory } = token;
  if (!active) return 'disabled';
  if (expiresAtMs !== null && expiresAtMs - nowMs > expiryLeewayMs) return 'usable';
  if (grant === 'dead') return 'must_reconnect';
  if (expiresAtMs === null) return 'unknown';
  if (hasRefreshToken === false) return 'must_reconnect';
  return memory.claimedBy !== null || (token.isRefreshedByUs && decision.dueAtMs !== null)
    ? 'refreshing'
    : 'expired';
}

interface OwnedToken {
  readonly provider: string;
  readonly token: AssessedToken;
}

/** Made once per poll, when somebody asks for the first time. */
const indexes = new WeakMap<Assessment, ReadonlyMap<string, readonly OwnedToken[]>>();

function tokensOf(assessment: Assessment, subject: string): readonly OwnedToken[] {
  const index = indexes.get(assessment) ?? indexBySubject(assessment);
  indexes.set(assessment, index);
  return index.get(subject) ?? [];
}

function indexBySubject({ providers }: Assessment): ReadonlyMap<string, readonly OwnedToken[]> {
  const index = new Map<string, OwnedToken[]>();
  for (const [provider, { grants }] of providers) {
    for (const token of grants?.tokens ?? []) {
      if (token.subject === null) continue;
      const owned = index.get(token.subject);
      if (owned === undefined) index.set(token.subject, [{ provider, token }]);
      else owned.push({ provider, token });
    }
  }
  return index;
}
