import pg from 'pg';
import type { ClientConfig, Pool } from 'pg';

/**
 * Opens a small pool. Connections are made when first needed and replaced when they break.
 *
 * `onIdleError` hears of connections that broke while nobody used them, which `pg` would
 * otherwise turn into an uncaught exception; a terminated backend says it twice.
 */
export function openPool(
  client: ClientConfig,
  options: {
    readonly connectTimeoutMs: number;
    readonly onIdleError: (error: Error) => void;
    /** At most so many connections. */
    readonly max?: number;
  },
): Pool {
  const pool = new pg.Pool({
    ...client,
    max: options.max ?? 4,
    connectionTimeoutMillis: options.connectTimeoutMs,
    idleTimeoutMillis: 60_000,
  });
  pool.on('error', options.onIdleError);
  // A connection that breaks between two statements of a snapshot tells its client, not the pool.
  pool.on('connect', (connected) => {
    connected.on('error', () => undefined);
  });
  return pool;
}
