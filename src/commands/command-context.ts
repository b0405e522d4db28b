import { once } from 'node:events';
import type { Config } from '../config/config.js';
import { loadConfig } from '../config/load.js';
import { formatProblems } from '../config/problem.js';
import { openDatabases } from '../database/databases.js';
import type { Databases } from '../database/databases.js';
import { planConnections } from '../database/plan-connections.js';
import type { ConnectionPlans } from '../database/plan-connections.js';

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
  readonly connections: ConnectionPlans;
}

/**
 * Loads the configuration and plans the connections; null after telling every problem on standard
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
  const planned = planConnections(loaded.config);
  if (!planned.ok) {
    context.stderr.write(`${formatProblems(planned.problems)}\n`);
    return null;
  }
  return {
    config: loaded.config,
    connections: planned.plans,
    warnings: [...loaded.warnings, ...planned.warnings],
  };
}

/** How long a command waits for the database. */
const commandTimeoutMs = 30_000;

/** Runs `work` with pools of its own, and closes them. Ctrl-C ends it, whatever a database does. */
export async function withDatabase<T>(
  { connections }: ReadyToConnect,
  terminated: AbortSignal,
  work: (databases: Databases) => Promise<T>,
): Promise<T> {
  const databases = openDatabases(connections.databases, {
    timeoutMs: commandTimeoutMs,
    connectTimeoutMs: 10_000,
    onIdleError: () => undefined,
  });
  try {
    return await Promise.race([
      work(databases),
      once(terminated, 'abort').then(() => {
        throw new Error('interrupted');
      }),
    ]);
  } finally {
    const closed = databases.close();
    if (!terminated.aborted) await closed;
  }
}
