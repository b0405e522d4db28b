import { randomUUID } from 'node:crypto';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { readSnapshot } from '../../src/database/read-snapshot.js';
import type { Query } from '../../src/database/read-snapshot.js';
import { readCatalog } from '../../src/observe/catalog.js';
import { resolveCarrySource } from '../../src/observe/carried/carry-source.js';
import { createTokenCarriers } from '../../src/observe/carried/token-carriers.js';
import type { CarriedTokens } from '../../src/observe/carried/token-carriers.js';
import { readExpiryCounts } from '../../src/observe/expiry-counts.js';
import type { CountedExpiries } from '../../src/observe/expiry-counts.js';
import { resolveTokenSource, tablesOf } from '../../src/observe/token-source.js';
import type { Poller } from '../../test/observe/poller.js';
import { backendCpuClock } from './backend-cpu.js';

/** Tokens of a day, polled every 30 seconds. */
const pollSeconds = 30;
const tokenLifeSeconds = 86_400;
/** As the exporter has it for one provider: a tenth of the time between two polls. */
const firstReadTime = {
  firstReadMs: (pollSeconds * 1_000) / 10,
  monotonicMs: () => performance.now(),
};
/** Of those written, how many users leave, and as many come. */
const leaving = 0.001;

/** One poll of the counts with tokens that are carried. Milliseconds. */
export interface CarriedPoll {
  readonly carried: CarriedTokens | null;
  readonly wallMs: number;
  /** Processor time of the database's backend, and of this process. */
  readonly databaseMs: number;
  readonly ownMs: number;
  readonly longestBlockMs: number;
}

/** Polls a table and writes to it by a clock of its own. */
export interface CarriedPolls {
  readonly writtenRows: number;
  readonly leavingRows: number;
  /** Writes what is written between two polls, and lets that time pass. */
  readonly write: () => Promise<void>;
  readonly poll: () => Promise<CarriedPoll>;
  /** Polls, and counts all rows in the same snapshot: whether both say the same. */
  readonly pollIsExact: () => Promise<boolean>;
}

/** Starts with nothing carried. `rows` are in the table of the `fathom` preset. */
export function startCarriedPolls({ database, config }: Poller, rows: number): CarriedPolls {
  const carriers = createTokenCarriers(firstReadTime);
  const writtenRows = Math.ceil((rows / tokenLifeSeconds) * pollSeconds);
  const leavingRows = Math.ceil(writtenRows * leaving);
  let nowMs = Date.now();

  async function carry(query: Query): Promise<CarriedTokens | null> {
    const { source, carry, provider } = await sourcesOf(query, config.providers);
    if ('because' in carry) throw new Error(carry.because);
    const { name, expiringSoonMs } = provider;
    const options = { now: new Date(nowMs), expiringSoonMs, everyRow: false };
    return carriers.read(query, name, source, carry, options);
  }

  return {
    writtenRows,
    leavingRows,
    async write() {
      const now = new Date(nowMs);
      const written = [now, pollSeconds, tokenLifeSeconds, randomUUID(), writtenRows];
      await database.pool.query(writeSql, written);
      await database.pool.query(leaveSql, [randomUUID(), leavingRows]);
      await database.pool.query(joinSql, [now, tokenLifeSeconds, leavingRows]);
      nowMs += pollSeconds * 1_000;
    },
    poll: () =>
      readSnapshot(database, async ({ query }) => {
        const cpuClock = await backendCpuClock(query);
        const delay = monitorEventLoopDelay({ resolution: 1 });
        delay.enable();
        const [startedAt, cpuBefore, ownBefore] = [
          performance.now(),
          cpuClock(),
          process.cpuUsage(),
        ];
        const carried = await carry(query);
        const own = process.cpuUsage(ownBefore);
        delay.disable();
        return {
          carried,
          wallMs: performance.now() - startedAt,
          databaseMs: cpuClock() - cpuBefore,
          ownMs: (own.user + own.system) / 1_000,
          longestBlockMs: delay.max / 1e6,
        };
      }),
    pollIsExact: () =>
      readSnapshot(database, async ({ query }) => {
        const carried = await carry(query);
        const { source, provider } = await sourcesOf(query, config.providers);
        const full = await readExpiryCounts(
          query,
          source,
          new Date(nowMs),
          provider.expiringSoonMs,
        );
        return carried !== null && same(carried.counts, full);
      }),
  };
}

function same(one: CountedExpiries, other: CountedExpiries): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}

/** How the one provider is read, as a poll resolves it. */
export async function sourcesOf(query: Query, [provider]: Poller['config']['providers']) {
  if (provider === undefined) throw new Error('no provider is configured');
  const catalog = await readCatalog(query, 'postgres', tablesOf(provider.tokens));
  const source = resolveTokenSource(provider.tokens, catalog);
  if (!source.known) throw new Error(source.reason);
  return { provider, source: source.value, carry: resolveCarrySource(provider.tokens, catalog, 0) };
}

/** Ids are random: those that follow one are rows from all over the table, the dearest to find. */
const anyRows = (after: string, limit: string) =>
  `(SELECT id FROM fathom_integrations WHERE id > ${after} ORDER BY id LIMIT ${limit})`;

const writeSql = `
UPDATE fathom_integrations
SET updated_at = $1::timestamptz + random() * $2::int * interval '1 second',
    token_expires_at = $1::timestamptz + $3::int * interval '1 second' + random() * $2::int * interval '1 second'
WHERE id IN ${anyRows('$4', '$5')}`;

const leaveSql = `DELETE FROM fathom_integrations WHERE id IN ${anyRows('$1', '$2')}`;

const joinSql = `
INSERT INTO fathom_integrations (user_id, access_token, token_expires_at, updated_at)
SELECT gen_random_uuid(), 'a', $1::timestamptz + $2::int * interval '1 second', $1::timestamptz
FROM generate_series(1, $3::int)`;
