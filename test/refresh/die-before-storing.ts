import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import pg from 'pg';
import { findTokenChanges } from '../../src/assess/token-changes.js';
import { openPool } from '../../src/database/open-pool.js';
import { writeTransaction } from '../../src/database/write-transaction.js';
import { readCatalog } from '../../src/observe/catalog.js';
import { tablesOf } from '../../src/observe/token-source.js';
import { resolveAppTable } from '../../src/refresh/app-table.js';
import { openConnections } from '../../src/refresh/bounded-request.js';
import type { Journal } from '../../src/refresh/journal/journal.js';
import { openJournal } from '../../src/refresh/journal/open-journal.js';
import type { OpenedJournal } from '../../src/refresh/journal/open-journal.js';
import { createTokenRefresh } from '../../src/refresh/token-refresh.js';
import { claimTokens, readOwnClaims } from '../../src/store/claims.js';
import { migrate } from '../../src/store/migrate.js';
import { rememberRows } from '../../src/store/remember-rows.js';
import { until } from '../support/until.js';
import { configOf } from './refresh-world.js';
import type { RefreshWorld } from './refresh-world.js';

type OpenJournal = (world: RefreshWorld) => Promise<Extract<OpenedJournal, { ok: true }>>;

/** The journal as it is. */
export const openRealJournal: OpenJournal = async ({ directory }) => {
  const opened = await openJournal({
    directory: join(directory, 'journal'),
    key: null,
    oldKeys: [],
    onWarning: () => undefined,
  });
  if (!opened.ok) throw new Error(opened.problem.message);
  return opened;
};

const forgetfulId = randomUUID();

/** A journal that keeps nothing. */
export const openForgetfulJournal: OpenJournal = () => {
  const journal: Journal = {
    id: forgetfulId,
    refusal: () => null,
    probe: () => Promise.resolve(null),
    recordSent: (requests) =>
      Promise.resolve({ ok: true, entryIds: requests.map(() => randomUUID()) }),
    recordAnswer: () => Promise.resolve({ ok: true }),
    forget: () => undefined,
    matches: () => false,
    abandonLocked: () => Promise.resolve({ ok: true, copies: [] }),
    release: () => Promise.resolve(),
  };
  return Promise.resolve({ ok: true, journal, entries: [], damages: [] });
};

/**
 * Refreshes every token of the world and dies when all answers have come and none is stored; then
 * starts again and refreshes what still seems to be due.
 */
export async function dieBeforeStoring(world: RefreshWorld, open: OpenJournal) {
  const locker = new pg.Client({ connectionString: world.database.url });
  await locker.connect();
  const first = await compose(world, open);
  await locker.query('BEGIN; LOCK TABLE fathom_integrations IN SHARE MODE');
  const refreshing = first.refreshDue();
  const all = await world.database.query('SELECT FROM fathom_integrations');
  await until('all answers came', () => world.server.counts().refreshes === all.length);
  await first.die();
  await refreshing;
  await locker.end();

  const second = await compose(world, open);
  await second.recover();
  await second.refreshDue();
  await second.die();
  return { ...world.server.counts(), living: await world.livingGrants() };
}

/** The refresh of tokens as start-refreshing.ts puts it together, without polls. */
export async function compose(world: RefreshWorld, open: OpenJournal) {
  const [provider] = configOf(world.env).providers;
  const way = provider?.refresh?.way;
  if (provider === undefined || way?.kind !== 'token_endpoint') throw new Error('no way');
  const pool = openPool(
    { connectionString: world.database.url },
    { connectTimeoutMs: 5_000, onIdleError: () => undefined },
  );
  await migrate(pool);
  const { journal, entries } = await open(world);
  const table = await writeTransaction(pool, async (query) =>
    resolveAppTable(provider, await readCatalog(query, '', tablesOf(provider.tokens))),
  );
  if (!table.known) throw new Error(table.reason);
  const connections = openConnections();
  const stopping = new AbortController();
  const { refresh, recover, settled } = createTokenRefresh({
    provider,
    endpoint: way,
    concurrency: 100,
    confirmAfterMs: 60_000,
    configurationFingerprint: '',
    pollIntervalMs: 1_000,
    appPool: pool,
    table: table.value,
    statePool: pool,
    journal,
    connections,
    syncAuthFailedAtMs: () => null,
    isForced: () => false,
    random: () => 1,
    monotonicMs: () => performance.now(),
    clock: () => new Date(),
    stopping: stopping.signal,
    listener: {
      onSent: () => undefined,
      onOutcome: () => undefined,
      onAppCall: () => undefined,
      onHealthChange: () => undefined,
      onAmbiguousRequest: () => undefined,
      onTrouble: () => undefined,
    },
  });
  const claimDue = async () => {
    const rows = await world.database.query<{ id: string; ms: number }>(
      `SELECT id, floor(extract(epoch FROM token_expires_at) * 1000)::float8 AS ms
         FROM fathom_integrations WHERE token_expires_at < now()`,
    );
    const observedAt = new Date();
    const seen = rows.map(({ id, ms }) => ({ id, subject: null, active: true, expiresAtMs: ms }));
    if (seen.length > 0) {
      await rememberRows(pool, provider.name, observedAt, (memory) =>
        findTokenChanges(memory, seen, observedAt),
      );
    }
    const { claimed } = await claimTokens(pool, {
      provider: provider.name,
      journalId: journal.id,
      rateLimit: { requests: 1_000, perMs: 1 },
      observedAt,
      uncertain: [],
      decide: ({ breaker }) => ({
        tokenIds: rows.map(({ id }) => id),
        limit: rows.length,
        breaker,
      }),
    });
    return claimed;
  };
  return {
    pool,
    table: table.value,
    journal,
    claimDue,
    refreshDue: async () => {
      const claimed = await claimDue();
      await Promise.all(claimed.map((memory) => refresh(memory, false)));
      await settled();
    },
    recover: async () => {
      const claims = await writeTransaction(pool, (query) =>
        readOwnClaims(query, provider.name, journal.id),
      );
      await recover(claims, entries);
    },
    /** Ends without storing anything more, wherever it stands. */
    die: async () => {
      stopping.abort();
      const ended = pool.end();
      await world.database.query(
        `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
         WHERE datname = current_database() AND wait_event_type = 'Lock'`,
      );
      await ended;
      await connections.close();
      await journal.release();
    },
  };
}
