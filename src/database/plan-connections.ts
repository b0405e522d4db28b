import type { Config } from '../config/config.js';
import type { ConfigProblem } from '../config/problem.js';
import { planConnection } from './connection-options.js';
import type { ConnectionPlan } from './connection-options.js';

export type PlannedConnection = Extract<ConnectionPlan, { ok: true }>;

/** How every database of a configuration is reached. */
export interface ConnectionPlans {
  /** Where tokens are, by the name of the database; in the order of the configuration. */
  readonly databases: ReadonlyMap<string, PlannedConnection>;
  /** Where the exporter's memory is. */
  readonly state: PlannedConnection;
}

export type PlannedConnections =
  | { readonly ok: true; readonly plans: ConnectionPlans; readonly warnings: readonly string[] }
  | { readonly ok: false; readonly problems: readonly ConfigProblem[] };

/** Plans every connection, or says all that forbids one. Nothing is contacted. */
export function planConnections({
  databases,
  state,
}: Pick<Config, 'databases' | 'state'>): PlannedConnections {
  const planned = new Map<string, PlannedConnection>();
  const problems: ConfigProblem[] = [];
  const warnings = new Map<string, string>();
  const plan = (config: Config['databases'][number]): PlannedConnection | null => {
    const connection = planConnection(config);
    if (!connection.ok) {
      problems.push({ path: config.setting, message: connection.problem });
      return null;
    }
    for (const text of connection.warnings) {
      warnings.set(
        `${config.setting} ${text}`,
        databases.length > 1 ? `${config.setting}: ${text}` : text,
      );
    }
    return connection;
  };
  for (const database of databases) {
    const connection = plan(database);
    if (connection !== null) planned.set(database.name, connection);
  }
  const shared = databases.find(({ setting }) => setting === state.database.setting);
  const memory = shared === undefined ? plan(state.database) : (planned.get(shared.name) ?? null);
  if (memory === null || problems.length > 0) return { ok: false, problems };
  return {
    ok: true,
    plans: { databases: planned, state: memory },
    warnings: [...warnings.values()],
  };
}
