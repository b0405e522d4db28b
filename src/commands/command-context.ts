import { once } from 'node:events';
import type { Config } from '../config/config.js';
import { loadConfig } from '../config/load.js';
import { formatProblems } from '../config/problem.js';
import { planConnection } from '../database/connection-options.js';
import type { ConnectionPlan } from '../database/connection-options.js';
import { openPool } from '../database/open-pool.js';
import type { SnapshotSource } from '../database/read-snapshot.js';

/** The outside of a command: what it reads and where it writes. */
export interface CommandContext {
  readonly env: NodeJS.ProcessEnv;
  readonly cwd: string;
  readonly version: string;
  readonly stdout: CommandOutput;
  readonly stderr: CommandOutput;
  /** Aborted when the process is asked to end. */
  readonly terminated: AbortSignal;
}

export interface CommandOutput {
  /** A person is watching. */
  readonly isTTY: boolean;
  readonly colours: boolean;
  readonly write: (text: string) => void;
}

export interface ReadyToConnect {
  readonly config: Config;
  readonly connection: Extract<ConnectionPlan, { ok: true }>;
}

/**
 * Loads the configuration and plans the connection; null after telling every problem on standard
 * error. Warnings are returned, since each command has its own place for them.
 */
export function prepareConnection(
  context: CommandContext,
): (ReadyToConnect & { readonly warnings: readonly string[] }) | null {
  const loaded = loadConfig(context.env, context.cwd);
  if (!loaded.ok) {
    context.stderr.write(`${formatProblems(loaded.problems)}\n`);
    return null;
  }
  const connection = planConnection(loaded.config.database);
  if (!connection.ok) {
    context.stderr.write(
      `${formatProblems([{ path: 'DATABASE_URL', message: connection.problem }])}\n`,
    );
    return null;
  }
  return {
    config: loaded.config,
    connection,
    warnings: [...loaded.warnings, ...connection.warnings],
  };
}

/** How long a command waits for the database. */
const commandTimeoutMs = 30_000;

/** Runs `work` with a pool of its own, and closes it. Ctrl-C ends it, whatever the database does. */
export async function withDatabase<T>(
  { connection }: ReadyToConnect,
  terminated: AbortSignal,
  work: (database: SnapshotSource) => Promise<T>,
): Promise<T> {
  const pool = openPool(connection.client, {
    connectTimeoutMs: 10_000,
    onIdleError: () => undefined,
  });
  try {
    return await Promise.race([
      work({ pool, target: connection.target, timeoutMs: commandTimeoutMs }),
      once(terminated, 'abort').then(() => {
        throw new Error('interrupted');
      }),
    ]);
  } finally {
    const closed = pool.end();
    if (!terminated.aborted) await closed;
  }
}
