import { chooseLifetime } from '../assess/lifetime.js';
import type { Lifetime } from '../assess/lifetime.js';
import { decideRefresh } from '../assess/refresh-due.js';
import type { RefreshDecision, RefreshSubject } from '../assess/refresh-due.js';
import { refreshSubject } from '../assess/refresh-subject.js';
import type { RowFacts } from '../assess/refresh-subject.js';
import { assessSyncFailures, syncAuthFailedAtMs } from '../assess/sync-failures.js';
import type { SyncFailures } from '../assess/sync-failures.js';
import type { ProviderConfig } from '../config/config.js';
import { DatabaseError } from '../database/explain-database-error.js';
import type { DatabaseOf } from '../database/databases.js';
import { observeRows } from '../observe/observe-rows.js';
import { observeSyncList } from '../observe/observe-sync-list.js';
import type { TokenRow } from '../observe/token-rows.js';
import { firstSight, readTokenMemory } from '../store/token-memory.js';
import type { TokenMemory } from '../store/token-memory.js';
import { listTokens } from './list-tokens.js';
import { memoryRemedies, missesMemory } from './state-database.js';
import type { StateDatabase } from './state-database.js';
import { unreadOf } from './unread-provider.js';
import type { UnreadProvider } from './unread-provider.js';

/** A token: its row, what is remembered of it, and what follows for its refresh. */
export interface TokenFacts {
  readonly provider: ProviderConfig;
  readonly row: TokenRow;
  readonly account: string | null;
  /** null: nothing is remembered yet. */
  readonly memory: TokenMemory | null;
  readonly subject: RefreshSubject;
  readonly lifetime: Lifetime | null;
  readonly decision: RefreshDecision;
}

export interface FactsReading {
  /** By the database's clock. */
  readonly now: Date;
  readonly tokens: readonly TokenFacts[];
  /** What is remembered of rows that are gone. */
  readonly gone: readonly { readonly provider: ProviderConfig; readonly memory: TokenMemory }[];
  /** Providers that can't be read, and why. */
  readonly unread: readonly UnreadProvider[];
  /** Why nothing is remembered; null: it is. */
  readonly memoryProblem: string | null;
  /** It is there, or may be, but its database can't be used. */
  readonly memoryAway: boolean;
}

/** Reads every token of these providers, and what is remembered of them. */
export async function readTokenFacts(
  databaseOf: DatabaseOf,
  state: StateDatabase,
  providers: readonly ProviderConfig[],
  pollIntervalMs: number,
): Promise<FactsReading> {
  const listing = await listTokens(databaseOf, providers);
  const unread: UnreadProvider[] = [];
  const tokens: TokenFacts[] = [];
  const gone: { provider: ProviderConfig; memory: TokenMemory }[] = [];
  let memory: RememberedTokens = { tokens: new Map(), problem: null, away: false };
  for (const { provider, now, tokens: listed } of listing.providers) {
    if (!listed.known) {
      unread.push(...unreadOf(provider, listed));
      continue;
    }
    const accounts = new Map(listed.value.map(({ id, account }) => [id, account]));
    const { rows } = await observeRows(databaseOf(provider), provider);
    const failures = await readSyncFailures(databaseOf, provider);
    // A database that is away is waited for once.
    if (!memory.away) memory = await readMemory(state, provider.name);
    for (const row of rows) {
      const remembered = memory.tokens.get(row.id) ?? null;
      tokens.push({
        provider,
        row,
        account: accounts.get(row.id) ?? null,
        memory: remembered,
        ...judge(
          provider,
          { ...row, syncAuthFailedAtMs: syncAuthFailedAtMs(failures, row.id) },
          remembered,
          now,
          pollIntervalMs,
        ),
      });
    }
    const there = new Set(rows.map(({ id }) => id));
    for (const each of memory.tokens.values()) {
      if (!there.has(each.tokenId)) gone.push({ provider, memory: each });
    }
  }
  return {
    now: listing.now,
    tokens,
    gone,
    unread,
    memoryProblem: memory.problem,
    memoryAway: memory.away,
  };
}

function judge(
  provider: ProviderConfig,
  row: TokenRow & Pick<RowFacts, 'syncAuthFailedAtMs'>,
  remembered: TokenMemory | null,
  now: Date,
  pollIntervalMs: number,
): Pick<TokenFacts, 'subject' | 'lifetime' | 'decision'> {
  const memory = remembered ?? firstSight(row, now.getTime());
  const subject = refreshSubject(provider, memory, { ...row, currentFingerprint: null });
  const lifetime = chooseLifetime({
    ...memory,
    declaredLifetimeMs: provider.declaredLifetimeMs,
    expiresAtMs: subject.expiresAtMs,
  });
  return { subject, lifetime, decision: decideRefresh(subject, now.getTime(), pollIntervalMs) };
}

/** What a poll would know of failed syncs; null: nothing. */
async function readSyncFailures(
  databaseOf: DatabaseOf,
  provider: ProviderConfig,
): Promise<SyncFailures | null> {
  if (provider.syncs === null) return null;
  const { failures } = await observeSyncList(databaseOf(provider), provider);
  return failures?.known === true
    ? assessSyncFailures(failures.value, provider.syncs.failureReasons)
    : null;
}

/** What is remembered of a provider's tokens. */
interface RememberedTokens {
  readonly tokens: ReadonlyMap<string, TokenMemory>;
  readonly problem: string | null;
  readonly away: boolean;
}

async function readMemory(state: StateDatabase, provider: string): Promise<RememberedTokens> {
  try {
    const tokens = await state.run((query) => readTokenMemory(query, provider));
    return { tokens, problem: null, away: false };
  } catch (error) {
    const missing = missesMemory(error);
    if (missing !== null) {
      return { tokens: new Map(), problem: memoryRemedies[missing], away: false };
    }
    if (!(error instanceof DatabaseError)) throw error;
    const problem = `the exporter's memory can't be read: ${error.message}`;
    return { tokens: new Map(), problem, away: true };
  }
}
