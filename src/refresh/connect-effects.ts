import type { Pool } from 'pg';
import type { Dispatcher } from 'undici';
import { decideRefresh } from '../assess/refresh-due.js';
import { refreshSubject } from '../assess/refresh-subject.js';
import type { ProviderConfig } from '../config/config.js';
import type { TokenEndpointConfig } from '../config/refresh-config.js';
import { sqlStateOf } from '../database/sql-state.js';
import { writeTransaction } from '../database/write-transaction.js';
import { fingerprintOf, lockRows, readClock, readRows } from './app-rows.js';
import type { AppRow, LockedAt } from './app-rows.js';
import type { AppTable } from './app-table.js';
import { coalesce } from './coalesce.js';
import type { Journal, SentRequest } from './journal/journal.js';
import { limitInFlight } from './limit-in-flight.js';
import type { Persist } from './persist.js';
import type { JournalEntry, RefreshEffects } from './refresh-token.js';
import type { StoringWatch } from './set-aside.js';
import { storeTokens } from './store-tokens.js';
import type { NewTokens, StoreResult } from './store-tokens.js';
import { secretsSent, sendRefreshRequest } from './token-endpoint.js';
import type { TokenEndpoint } from './token-endpoint.js';
import { parseTokenResponse } from './token-response.js';

export interface RefreshEffectsParts {
  readonly provider: ProviderConfig;
  readonly endpoint: TokenEndpointConfig;
  /** Requests in flight at a time. */
  readonly concurrency: number;
  readonly pollIntervalMs: number;
  /** Where the application's rows are. */
  readonly appPool: Pool;
  readonly table: AppTable;
  readonly journal: Journal;
  readonly connections: Dispatcher;
  /** A person asked for this token: it is tried whether or not it is due. */
  readonly isForced: (tokenId: string) => boolean;
  /** When the last sync with this token failed for auth, as the last poll saw it; null: it did not. */
  readonly syncAuthFailedAtMs: (tokenId: string) => number | null;
  readonly monotonicMs: () => number;
  readonly clock: () => Date;
  readonly listener: {
    readonly onSent: () => void;
    readonly onAmbiguousRequest: (tokenId: string) => void;
    readonly onTrouble: (message: string, error: unknown) => void;
  };
}

/** The outside as the refresh of a token sees it, and what recovery needs of it besides. */
export interface ConnectedEffects {
  /** A canary is sent whether or not it is due. */
  readonly effectsFor: (isCanary: boolean, watch: StoringWatch) => RefreshEffects;
  readonly entryOf: (entryId: string) => JournalEntry;
  /** A refresh token is about to be sent again: what the first request did is not known. */
  readonly noteRepeated: (tokenId: string) => void;
  /** The row as it is, without a lock, and the database's time. */
  readonly readRow: (tokenId: string) => Promise<{ row: AppRow | undefined; atMs: number }>;
}

/**
 * Connects the refresh of a token with the application's database, the journal and the token
 * endpoint.
 *
 * What many tokens need at the same moment is done in one statement or one flush: reading rows,
 * noting requests, storing answers.
 */
export function connectEffects(parts: RefreshEffectsParts, persist: Persist): ConnectedEffects {
  const { provider, endpoint: config, table, journal, listener } = parts;
  const endpoint: TokenEndpoint = {
    url: config.url,
    clientId: config.clientId,
    clientSecret: config.clientSecret,
    authentication: config.clientAuthentication,
    extraParameters: config.parameters,
    headers: config.headers,
    aliases: config.errorAliases,
  };

  const lockOnce = coalesce<string, LockedAt>(async (tokenIds) => {
    const found = await lockRows(parts.appPool, table, tokenIds);
    return tokenIds.map((id) => found.get(id) ?? unheard(id));
  });
  const lockRow = async (tokenId: string): Promise<LockedAt | null> => {
    try {
      return await lockOnce(tokenId);
    } catch (error) {
      listener.onTrouble('a row could not be read for its refresh', error);
      const notPermitted = ['42501', '25006'].includes(sqlStateOf(error) ?? '');
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
    const results = await storeTokens(parts.appPool, table, tokens);
    return tokens.map(({ tokenId }) => results.get(tokenId) ?? { kind: 'failed' });
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

  const noteRepeated = listener.onAmbiguousRequest;

  const inFlight = limitInFlight(parts.concurrency);

  const effectsFor = (isCanary: boolean, watch: StoringWatch): RefreshEffects => ({
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
    inFlight,
    send: (token) => {
      listener.onSent();
      return sendRefreshRequest(parts.connections, endpoint, token, () => {
        listener.onTrouble('the token endpoint is slow: its answer is still waited for', null);
      });
    },
    noteRepeated,
    parse: (answer, token) =>
      parseTokenResponse(answer, endpoint.aliases, secretsSent(endpoint, token)),
    store: (tokens) =>
      persist(
        'new tokens could not be stored yet',
        async () => {
          const result = await storeOnce(tokens);
          if (result.kind === 'failed') return null;
          watch.onStored();
          return result;
        },
        watch.onRefused,
      ),
    currentFingerprint: (tokenId) =>
      persist('a row could not be read again', async () => {
        const token = (await readRow(tokenId)).row?.refreshToken ?? null;
        return { value: token === null ? null : fingerprintOf(provider.name, tokenId, token) };
      }),
    fingerprint: (tokenId, token) => fingerprintOf(provider.name, tokenId, token),
    monotonicMs: parts.monotonicMs,
  });

  async function readRow(tokenId: string): Promise<{ row: AppRow | undefined; atMs: number }> {
    return writeTransaction(parts.appPool, async (query) => {
      const atMs = await readClock(query);
      const [row] = await readRows(query, table, [tokenId]);
      return { row, atMs };
    });
  }

  return { effectsFor, entryOf, readRow, noteRepeated };
}

function unheard(tokenId: string): never {
  throw new TypeError(`no answer for the row of ${tokenId}`);
}
