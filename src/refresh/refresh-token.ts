import type { TokenMemory } from '../store/token-memory.js';
import type { AppRow, LockedRow } from './app-rows.js';
import { exchangeToken, stillHolds } from './exchange-token.js';
import type { ExchangeEffects } from './exchange-token.js';
import type { RefreshOutcome } from './refresh-outcome.js';
import type { NewTokens, StoreResult } from './store-tokens.js';
import type { RawAnswer, TokenAnswer } from './token-response.js';

/** What the refresh of one token needs of the outside. */
export interface RefreshEffects extends ExchangeEffects {
  readonly isStillDue: (memory: TokenMemory, row: AppRow, atMs: number) => boolean;
  /** Writes down that a request is about to leave; null when that is not possible. */
  readonly recordSent: (tokenId: string, refreshToken: string) => Promise<JournalEntry | null>;
  /** Runs work that sends, when fewer requests are in flight than may be. */
  readonly inFlight: <T>(work: () => Promise<T>) => Promise<T>;
  readonly parse: (answer: RawAnswer, refreshToken: string) => TokenAnswer;
  /** Does not give up while the process lives; null: the process is stopping. */
  readonly store: (tokens: NewTokens) => Promise<StoreResult | null>;
  /** Hash of the refresh token in the row now, null in it without one; null: could not be read. */
  readonly currentFingerprint: (tokenId: string) => Promise<{ value: string | null } | null>;
  readonly fingerprint: (tokenId: string, refreshToken: string) => string;
  readonly monotonicMs: () => number;
}

/** The place in the journal that one request has. */
export interface JournalEntry {
  /** Keeps the answer, encrypted, before anything looks at it. */
  readonly recordAnswer: (answer: RawAnswer) => Promise<void>;
  /** To be called when the outcome is remembered, and not before. */
  readonly forget: () => void;
}

/** An outcome, and the journal entry to forget once it is remembered. */
export interface Refreshed {
  /** null: the answer is journalled and could not be stored; the claim stays for the next start. */
  readonly outcome: RefreshOutcome | null;
  readonly entry: JournalEntry | null;
}

/** A reading older than this is no longer right before the request. */
const staleAfterMs = 5_000;

/**
 * Refreshes one claimed token at the token endpoint.
 *
 * The order is the guarantee: the journal knows of the request before it leaves, and holds the
 * answer before anything looks at it; the row is written only where it still holds the refresh
 * token that was used. No transaction is open while the request is out.
 */
export async function refreshToken(
  memory: TokenMemory,
  effects: RefreshEffects,
): Promise<Refreshed> {
  const { tokenId } = memory;
  const askedAtMs = effects.monotonicMs();
  const reading = await effects.lockRow(tokenId);
  if (reading === null) return released('database');
  const { locked, atMs } = reading;
  const readAtMs = effects.monotonicMs();
  if (locked.kind !== 'row') return { outcome: withoutRow(locked.kind, atMs), entry: null };

  const { row } = locked;
  if (!effects.isStillDue(memory, row, atMs)) return released('not_due');
  if (row.refreshToken === null) return { outcome: noRefreshToken(atMs), entry: null };
  const used = row.refreshToken;

  const entry = await effects.recordSent(tokenId, used);
  if (entry === null) return released('journal');

  const exchange = await effects.inFlight(async () => {
    // Whoever waited for a slow provider, or was frozen, may have been overtaken.
    const isStale = effects.monotonicMs() - readAtMs > staleAfterMs;
    if (isStale && !(await stillHolds(tokenId, used, effects))) return null;
    return exchangeToken(tokenId, used, effects);
  });
  if (exchange === null) return { outcome: { kind: 'released', because: 'changed' }, entry };
  const answeredAtMs = atMs + effects.monotonicMs() - readAtMs;
  const fingerprint = effects.fingerprint(tokenId, used);
  if (!exchange.ok) {
    const { reason, detail } = exchange;
    return {
      outcome: {
        kind: 'failed',
        atMs: answeredAtMs,
        reason,
        detail,
        fingerprint,
        currentFingerprint: null,
        retryAfterMs: null,
      },
      entry,
    };
  }
  await entry.recordAnswer(exchange.raw);
  const settledAtMs = () => atMs + effects.monotonicMs() - askedAtMs;
  const outcome = await applyAnswer(
    { tokenId, used, answer: exchange.raw, answeredAtMs, settledAtMs, recovered: false },
    effects,
  );
  return { outcome, entry };
}

/** An answer and the refresh token that it belongs to: fresh, or from the journal after a crash. */
export interface AnswerToApply {
  readonly tokenId: string;
  /** null: the row no longer holds it. */
  readonly used: string | null;
  readonly answer: RawAnswer;
  /** Rather too early than too late: the expiry is reckoned from it. */
  readonly answeredAtMs: number;
  /** The moment at which it is called. Rather too late: polls of before may not have seen the row. */
  readonly settledAtMs: () => number;
  readonly recovered: boolean;
}

/** Parses an answer and stores what it brings. null: that could not be finished yet. */
export async function applyAnswer(
  { tokenId, used, answer, answeredAtMs, settledAtMs, recovered }: AnswerToApply,
  effects: Pick<RefreshEffects, 'parse' | 'store' | 'currentFingerprint' | 'fingerprint'>,
): Promise<RefreshOutcome | null> {
  const parsed = effects.parse(answer, used ?? '');
  if (parsed.kind === 'failure') {
    if (used === null) return { kind: 'superseded', atMs: settledAtMs() };
    const { reason, detail, retryAfterMs } = parsed;
    const current =
      reason === 'invalid_grant' ? await effects.currentFingerprint(tokenId) : { value: null };
    if (current === null) return null;
    return {
      kind: 'failed',
      atMs: answeredAtMs,
      reason,
      detail,
      fingerprint: effects.fingerprint(tokenId, used),
      currentFingerprint: current.value,
      retryAfterMs,
    };
  }
  const expiresInMs = parsed.expiresInSeconds === null ? null : parsed.expiresInSeconds * 1000;
  const expiresAtMs = expiresInMs === null ? null : Math.floor(answeredAtMs + expiresInMs);
  const { accessToken, refreshToken } = parsed;
  const result = await effects.store({ tokenId, used, accessToken, refreshToken, expiresAtMs });
  const fingerprinted = refreshToken ?? used;
  switch (result?.kind) {
    case undefined:
    case 'failed':
      return null;
    case 'gone':
      return { kind: 'released', because: 'gone' };
    case 'superseded':
      return { kind: 'superseded', atMs: settledAtMs() };
    case 'stored':
      return {
        kind: 'refreshed',
        atMs: settledAtMs(),
        expiresAtMs: expiresAtMs === null ? null : result.expiresAtMs,
        expiresInMs,
        fingerprint: fingerprinted === null ? '' : effects.fingerprint(tokenId, fingerprinted),
        recovered,
      };
  }
}

function released(because: 'not_due' | 'journal' | 'database'): Refreshed {
  return { outcome: { kind: 'released', because }, entry: null };
}

function withoutRow(kind: Exclude<LockedRow['kind'], 'row'>, atMs: number): RefreshOutcome {
  switch (kind) {
    case 'gone':
    case 'busy':
      return { kind: 'released', because: kind };
    case 'not_writable':
      return storageFailure(
        atMs,
        'row-level security shows the row but does not let this role update it: a policy FOR UPDATE is missing',
      );
    case 'not_permitted':
      return storageFailure(
        atMs,
        'this role may not update the table, or the server is a read-only standby: GRANT SELECT, UPDATE on the token columns',
      );
  }
}

function storageFailure(atMs: number, detail: string): RefreshOutcome {
  return { ...noRefreshToken(atMs), reason: 'storage', detail };
}

function noRefreshToken(atMs: number): Extract<RefreshOutcome, { kind: 'failed' }> {
  return {
    kind: 'failed',
    atMs,
    reason: 'no_refresh_token',
    detail: 'the row holds no refresh token: the user must authorize again',
    fingerprint: null,
    currentFingerprint: null,
    retryAfterMs: null,
  };
}
