import { mkdtempSync, rmSync } from 'node:fs';
import { randomUUID } from 'node:crypto';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Pool } from 'pg';
import type { Config } from '../../src/config/config.js';
import { openPool } from '../../src/database/open-pool.js';
import { incidentFile } from '../../src/notify/incident-file.js';
import type { Notice } from '../../src/notify/notice.js';
import { createTelling } from '../../src/notify/tell-incidents.js';
import type { IncidentState } from '../../src/notify/tell-incidents.js';
import { migrate } from '../../src/store/migrate.js';
import { createDatabase, testServer17 } from '../support/postgres.js';
import type { TestDatabase, TestServer } from '../support/postgres.js';
import { configOf } from './polls.js';
import type { Poll } from './polls.js';

/** One exporter, as far as it tells people. */
export interface Replica {
  readonly tell: (poll: Poll) => Promise<void>;
  readonly tellFault: (poll: Poll) => Promise<void>;
  /** Told without the database. */
  readonly direct: Notice[];
  /** Queued by this replica. */
  readonly announced: Notice[];
  readonly logged: Notice[];
  readonly troubles: string[];
  /** The last states that it reported, the open ones. */
  readonly open: () => string[];
  readonly directory: string;
}

export interface ReplicaOptions {
  readonly config?: Config;
  /** Another way to the database. */
  readonly url?: string;
  /** What the process' own clock says. */
  readonly now?: () => number;
  readonly directory?: string;
  readonly host?: string;
  readonly journalProblem?: () => string | null | undefined;
  /** Whether people can be told without the database. */
  readonly isReachable?: () => boolean;
}

/** A database with a memory and an outbox that holds plain notices, and replicas that share it. */
export interface TellingWorld {
  readonly database: TestDatabase;
  readonly replica: (options?: ReplicaOptions) => Replica;
  /** Everything that was queued, in order. */
  readonly notices: () => Promise<Notice[]>;
  readonly stop: () => Promise<void>;
}

export async function startTellingWorld(server: TestServer = testServer17): Promise<TellingWorld> {
  const database = await createDatabase(server);
  const pools: Pool[] = [];
  const folders: string[] = [];
  const open = (connectionString: string): Pool => {
    const options = { connectTimeoutMs: 2_000, onIdleError: () => undefined };
    const pool = openPool({ connectionString }, options);
    pools.push(pool);
    return pool;
  };
  await migrate(open(database.url));
  await database.query(
    'CREATE TABLE outbox (id integer GENERATED ALWAYS AS IDENTITY, notice jsonb NOT NULL)',
  );
  return {
    database,
    replica(options = {}) {
      const directory = options.directory ?? mkdtempSync(join(tmpdir(), 'incident-'));
      if (options.directory === undefined) folders.push(directory);
      const told = {
        direct: [] as Notice[],
        announced: [] as Notice[],
        logged: [] as Notice[],
        troubles: [] as string[],
      };
      let states: readonly IncidentState[] = [];
      const telling = createTelling({
        config: options.config ?? configOf(),
        statePool: open(options.url ?? database.url),
        host: options.host ?? 'host',
        enqueue: async (query, notice) => {
          await query('INSERT INTO outbox (notice) VALUES ($1)', [JSON.stringify(notice)]);
        },
        announce: (notices) => told.announced.push(...notices),
        sendDirectly: (notice) => {
          if (options.isReachable?.() === false) return Promise.resolve(false);
          told.direct.push(notice);
          return Promise.resolve(true);
        },
        tellUnremembered: (notice) => told.logged.push(notice),
        file: incidentFile(directory),
        newId: randomUUID,
        journalProblem: options.journalProblem ?? (() => null),
        onStates: (latest) => {
          states = latest;
        },
        onTrouble: (message, error) => told.troubles.push(`${message}: ${String(error)}`),
        clock: { now: options.now ?? (() => 0), monotonicMs: options.now ?? (() => 0) },
      });
      return {
        ...told,
        directory,
        tell: ({ assessment, memories }) => telling.tell(assessment, memories),
        tellFault: ({ assessment }) => telling.tellFault(assessment),
        open: () => states.filter((state) => state.open).map(({ cause }) => cause),
      };
    },
    async notices() {
      const rows = await database.query<{ notice: Notice }>(
        'SELECT notice FROM outbox ORDER BY id',
      );
      return rows.map(({ notice }) => notice);
    },
    async stop() {
      await Promise.all(pools.map((pool) => pool.end()));
      await database.drop();
      for (const folder of folders) rmSync(folder, { recursive: true });
    },
  };
}
