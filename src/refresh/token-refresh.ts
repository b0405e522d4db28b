import { setTimeout as delay } from 'node:timers/promises';
import type { Pool } from 'pg';
import type { Dispatcher } from 'undici';
import { decideRefresh } from '../assess/refresh-due.js';
import { refreshSubject } from '../assess/refresh-subject.js';
import type { ProviderConfig, TokenEndpointConfig } from '../config/config.js';
import type { Query } from '../database/read-snapshot.js';
import { writeTransaction } from '../database/write-transaction.js';
import type { TokenMemory } from '../store/token-memory.js';
import type { RefreshClaim } from './app-endpoint-response.js';
import type { FailureReason } from './failure-reason.js';
import { fingerprintOf, lockRows, readRows, storeTokens } from './app-rows.js';
import type { AppRow, NewTokens, StoreResult } from './app-rows.js';
import type { AppTable } from './app-table.js';
import { coalesce } from './coalesce.js';
import { limitInFlight } from './limit-in-flight.js';
import type { Journal, JournalEntry as StoredEntry, SentRequest } from './journal/journal.js';
import type { HealthChange } from './provider-health.js';
import { recordOutcomes } from './record-outcomes.js';
import type { Closing } from './record-outcomes.js';
import { remember } from './refresh-outcome.js';
import type { RefreshOutcome } from './refresh-outcome.js';
import { applyAnswer, refreshToken } from './refresh-token.js';
import type { JournalEntry, LockedAt, RefreshEffects } from './refresh-token.js';
import { secretsSent, sendRefreshRequest } from './token-endpoint.js';
import type { TokenEndpoint } from './token-endpoint.js';
import { parseTokenResponse } from './token-response.js';

export interface TokenRefreshParts {
  readonly provider: ProviderConfig;
  readonly endpoint: TokenEndpointConfig;
  /** Requests in flight at a time. */
  readonly concurrency: number;
  readonly confirmAfterMs: number;
  readonly configurationFingerprint: string;
  readonly pollIntervalMs: number;
  /** Where the application's rows are. */
  readonly appPool: Pool;
  readonly table: AppTable;
  /** Where our own memory is. */
  readonly statePool: Pool;
  readonly journal: Journal;
  readonly connections: Dispatcher;
  /** A person asked for this token: it is tried whether or not it is due. */
  readonly isForced: (tokenId: string) => boolean;
  /** When the last sync with this token failed for auth, as the last poll saw it; null: it did not. */
  readonly syncAuthFailedAtMs: (tokenId: string) => number | null;
  readonly random: () => number;
  readonly monotonicMs: () => number;
  readonly clock: () => Date;
  readonly stopping: AbortSignal;
  readonly listener: TokenRefreshListener;
}

/** Hears what happens, for metrics and the log. Nothing it gets holds a secret. */
export interface TokenRefreshListener {
  readonly onSent: () => void;
  readonly onOutcome: (tokenId: string, outcome: RefreshOutcome, durationMs: number) => void;
  /** An endpoint of the application answered. What it claims proves nothing. */
  readonly onAppCall: (
    claimed: RefreshClaim | null,
    failure: FailureReason | null,
    detail: string,
  ) => void;
  readonly onHealthChange: (change: HealthChange) => void;
  /** A request whose answer was never seen is sent again: it may be a replay. */
  readonly onAmbiguousRequest: (tokenId: string) => void;
  readonly onTrouble: (message: string, error: unknown) => void;
}

const firstRetryMs = 1_000;
const longestRetryMs = 15_000;

/** Refreshes claimed tokens of one provider, and what a crash left behind. */
export interface TokenRefresh {
  /** One claimed token to its end. A canary is sent whether or not it is due. Never rejects. */
  readonly refresh: (memory: TokenMemory, isCanary: boolean) => Promise<void>;
  /** Works off the journal and the claims of an earlier life of this journal. */
  readonly recover: (
    claims: readonly TokenMemory[],
    found: readonly StoredEntry[],
  ) => Promise<void>;
}

/**
 * Puts the refresh of a token together with the databases, the journal and the token endpoint.
 *
 * What many tokens need at the same moment is done in one statement or one flush: reading rows,
 * noting requests, storing answers, closing claims.
 */
export function createTokenRefresh(parts: TokenRefreshParts): TokenRefresh {
  const { provider, endpoint: config, table, journal, listener, stopping } = parts;
  const endpoint: TokenEndpoint = {
    url: config.url,
    clientId: config.clientId,
    clientSecret: config.clientSecret,
    authentication: config.clientAuthentication,
    extraParameters: config.parameters,
    headers: config.headers,
    aliases: config.errorAliases,
  };

  const lockOnce = coalesce<string, LockedAt>(async (tokenIds) =>
    writeTransaction(parts.appPool, async (query) => {
      const atMs = await readClock(query);
      const rows = await lockRows(query, table, tokenIds);
      return tokenIds.map((id) => ({ locked: rows.get(id) ?? { kind: 'gone' }, atMs }));
    }),
  );
  const lockRow = async (tokenId: string): Promise<LockedAt | null> => {
    try {
      return await lockOnce(tokenId);
    } catch (error) {
      listener.onTrouble('a row could not be read for its refresh', error);
      const notPermitted = ['42501', '25006'].includes(codeOf(error));
      return notPermitted
        ? { locked: { kind: 'not_permitted' }, atMs: parts.clock().getTime() }
        : null;
    }
  };
  const noteSent = coalesce<SentRequest, string | null>(async (requests) => {
    const recorded = await journal.recordSent(requests, parts.clock());
    if (recorded.ok) return recorded.entryIds;
    listener.onTrouble(`${recorded.problem.message}; ${recorded.problem.remedy}`, null);
    return requests.map(() => null);
  });
  const storeOnce = coalesce<NewTokens, StoreResult>(async (tokens) => {
    const results = await writeTransaction(parts.appPool, (query) =>
      storeTokens(query, table, tokens),
    );
    return tokens.map(({ tokenId }) => results.get(tokenId) ?? { kind: 'failed' });
  });
  const closeOnce = coalesce<Closing, null>(async (closings) => {
    const target = {
      provider: provider.name,
      journalId: journal.id,
      configurationFingerprint: parts.configurationFingerprint,
    };
    const changes = await recordOutcomes(parts.statePool, target, closings);
    changes.forEach(listener.onHealthChange);
    return closings.map(() => null);
  });

  const entryOf = (entryId: string): JournalEntry => ({
    recordAnswer: async (answer) => {
      const recorded = await journal.recordAnswer(entryId, answer, parts.clock());
      // The answer is still in hand: what follows stores it.
      if (!recorded.ok) listener.onTrouble(recorded.problem.message, null);
    },
    forget: () => {
      journal.forget(entryId);
    },
  });

  const inFlight = limitInFlight(parts.concurrency);

  const effectsFor = (isCanary: boolean): RefreshEffects => ({
    lockRow,
    isStillDue: (memory, row, atMs) => {
      if (parts.isForced(memory.tokenId)) return row.active;
      const subject = refreshSubject(provider, memory, {
        active: row.active,
        expiresAtMs: row.expiresAtMs,
        hasRefreshToken: row.refreshToken !== null,
        currentFingerprint:
          row.refreshToken === null
            ? null
            : fingerprintOf(provider.name, row.tokenId, row.refreshToken),
        syncAuthFailedAtMs: parts.syncAuthFailedAtMs(memory.tokenId),
      });
      const { due, dueAtMs } = decideRefresh(subject, atMs, parts.pollIntervalMs);
      return due || (isCanary && dueAtMs !== null);
    },
    recordSent: async (tokenId, token) => {
      const request = { provider: provider.name, tokenId, refreshToken: token };
      const entryId = await noteSent(request);
      return entryId === null ? null : entryOf(entryId);
    },
    send: (token) =>
      inFlight(() => {
        listener.onSent();
        return sendRefreshRequest(parts.connections, endpoint, token);
      }),
    parse: (answer, token) =>
      parseTokenResponse(answer, endpoint.aliases, secretsSent(endpoint, token)),
    store: (tokens) =>
      persist('new tokens could not be stored yet', async () => {
        const result = await storeOnce(tokens);
        return result.kind === 'failed' ? null : result;
      }),
    currentFingerprint: (tokenId) =>
      persist('a row could not be read again', async () => {
        const token = (await readRow(tokenId)).row?.refreshToken ?? null;
        return { value: token === null ? null : fingerprintOf(provider.name, tokenId, token) };
      }),
    fingerprint: (tokenId, token) => fingerprintOf(provider.name, tokenId, token),
    monotonicMs: parts.monotonicMs,
  });

  /** Repeats until it brings something, for as long as the process is not asked to stop. */
  async function persist<T>(trouble: string, attempt: () => Promise<T | null>): Promise<T | null> {
    for (let waitMs = firstRetryMs; ; waitMs = Math.min(2 * waitMs, longestRetryMs)) {
      try {
        const result = await attempt();
        if (result !== null) return result;
        listener.onTrouble(trouble, null);
      } catch (error) {
        listener.onTrouble(trouble, error);
      }
      if (stopping.aborted) return null;
      await delay(waitMs, undefined, { signal: stopping }).catch(() => undefined);
    }
  }

  async function finish(
    memory: TokenMemory,
    outcome: RefreshOutcome,
    entry: JournalEntry | null,
    startedAtMs: number,
  ): Promise<void> {
    const { closed, attempt } = remember(memory, outcome, {
      confirmAfterMs: parts.confirmAfterMs,
      random: parts.random(),
    });
    const closing: Closing = {
      closed,
      attempt,
      atMs: 'atMs' in outcome ? outcome.atMs : 0,
      retryAfterMs: outcome.kind === 'failed' ? outcome.retryAfterMs : null,
    };
    const done = await persist('an outcome could not be remembered yet', async () => {
      await closeOnce(closing);
      return true;
    });
    // Not remembered: the entry stays, and the next start goes on from it.
    if (done === true) entry?.forget();
    listener.onOutcome(memory.tokenId, outcome, parts.monotonicMs() - startedAtMs);
  }

  async function refresh(memory: TokenMemory, isCanary = false): Promise<void> {
    const startedAtMs = parts.monotonicMs();
    try {
      const { outcome, entry } = await refreshToken(memory, effectsFor(isCanary));
      // Without an outcome the answer is in the journal: the claim stays, and the next start goes on.
      if (outcome !== null) await finish(memory, outcome, entry, startedAtMs);
    } catch (error) {
      listener.onTrouble('a refresh ended by a fault of the exporter; its claim stays', error);
    }
  }

  /**
   * Answers come before requests without one: of a request that was repeated after an earlier
   * crash the answer may be here beside the first attempt, and must not be asked for once more.
   */
  async function recover(
    claims: readonly TokenMemory[],
    found: readonly StoredEntry[],
  ): Promise<void> {
    const entries = found.filter((entry) => entry.provider === provider.name);
    // The oldest come first: of several entries of a token the claim is that of the newest.
    const newest = new Map(entries.map(({ tokenId, entryId }) => [tokenId, entryId]));
    const claimed = new Map(claims.map((memory) => [memory.tokenId, memory]));
    const isAnswered = ({ state }: StoredEntry) => state === 'answered';
    for (const entry of [
      ...entries.filter(isAnswered),
      ...entries.filter((entry) => !isAnswered(entry)),
    ]) {
      const { tokenId, entryId } = entry;
      const memory = newest.get(tokenId) === entryId ? claimed.get(tokenId) : undefined;
      const recovered = await persist('the journal could not be worked off yet', async () => {
        await recoverEntry(entry, memory ?? null);
        return true;
      });
      if (recovered === null) return;
    }
    const unsent = claims.filter(({ tokenId }) => !newest.has(tokenId));
    if (unsent.length > 0 && journal.refusal() !== null) {
      listener.onTrouble(
        `${String(unsent.length)} claims are kept: what was sent for them may be in the records that can't be read`,
        null,
      );
      return;
    }
    for (const memory of unsent) {
      await finish(memory, { kind: 'released', because: 'unsent' }, null, parts.monotonicMs());
    }
  }

  /**
   * An answer is applied as if it had just come. A request without an answer is repeated at once
   * where the row still holds what was sent: it is the best that can be done, since a server with
   * a grace period answers it, and waiting only makes it worse.
   */
  async function recoverEntry(entry: StoredEntry, memory: TokenMemory | null): Promise<void> {
    const startedAtMs = parts.monotonicMs();
    const { tokenId } = entry;
    const { row, atMs } = await readRow(tokenId);
    const settledAtMs = () => atMs + parts.monotonicMs() - startedAtMs;
    const token = row?.refreshToken ?? null;
    const used = token !== null && journal.matches(entry, token) ? token : null;

    if (entry.state === 'answered') {
      const answeredAtMs = memory?.claimedAtMs ?? entry.sentAt.getTime();
      const { answer } = entry;
      const outcome = await applyAnswer(
        { tokenId, used, answer, answeredAtMs, settledAtMs, recovered: true },
        effectsFor(false),
      );
      // Not stored: it stays in the journal, and its claim with it.
      if (outcome === null) return;
      if (memory !== null) {
        await finish(memory, outcome, entryOf(entry.entryId), startedAtMs);
        return;
      }
    } else if (memory !== null && used !== null) {
      listener.onAmbiguousRequest(tokenId);
      // Also a canary and what a person asked for, which were not due.
      await refresh(memory, true);
    } else if (memory !== null) {
      const outcome = { kind: 'superseded', atMs: settledAtMs() } as const;
      await finish(memory, outcome, entryOf(entry.entryId), startedAtMs);
      return;
    }
    journal.forget(entry.entryId);
  }

  async function readRow(tokenId: string): Promise<{ row: AppRow | undefined; atMs: number }> {
    return writeTransaction(parts.appPool, async (query) => {
      const atMs = await readClock(query);
      const [row] = await readRows(query, table, [tokenId]);
      return { row, atMs };
    });
  }

  return { refresh, recover };
}

/** The database's time, which decides. */
async function readClock(query: Query): Promise<number> {
  const [clock] = await query<{ ms: number }>(
    'SELECT floor(extract(epoch FROM clock_timestamp()) * 1000)::float8 AS ms',
  );
  if (clock === undefined) throw new TypeError('the database did not tell its time');
  return clock.ms;
}

function codeOf(error: unknown): string {
  const code = error instanceof Error ? (error as { code?: unknown }).code : null;
  return typeof code === 'string' ? code : '';
}
