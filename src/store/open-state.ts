import type { Pool } from 'pg';
import { migrate, stateSchema } from './migrate.js';

/** Where the exporter's memory is, once its schema is up to date. */
export interface State {
  readonly pool: Pool;
  /**
   * Brings the schema up to date, if that has not happened yet; null when the memory can be used,
   * else why it can't and what to do. Without it the exporter observes and refreshes nothing.
   */
  readonly ensureReady: () => Promise<string | null>;
}

/** Takes a pool for the memory; nothing is asked of the database yet. */
export function openState(pool: Pool): State {
  let ready = false;
  return {
    pool,
    async ensureReady() {
      if (ready) return null;
      try {
        await migrate(pool);
        ready = true;
        return null;
      } catch (error) {
        return explainStateProblem(error);
      }
    },
  };
}

/** Why the memory can't be used, and what to do; for what Postgres said while migrating. */
export function explainStateProblem(error: unknown): string {
  const { code, message } = error as { code?: unknown; message?: unknown };
  if (code === '42501') {
    return (
      `the exporter has no memory: its role may not create the schema ${stateSchema}; ` +
      'GRANT CREATE ON DATABASE to it, or run the SQL that `oauth-token-exporter migrate --print` shows'
    );
  }
  if (code === '25006') {
    return 'the exporter has no memory: this server is a read-only standby; set STATE_DATABASE_URL';
  }
  return `the exporter has no memory: ${String(message)}`;
}
