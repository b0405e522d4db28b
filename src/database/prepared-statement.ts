import { hash } from 'node:crypto';
import type { PoolClient, QueryConfig } from 'pg';
import { sqlStateOf } from './sql-state.js';

/** A statement that is run again and again: its text never depends on what it is run with. */
export interface PreparedStatement {
  readonly name: string;
  readonly text: string;
}

/** Names a statement after its text, so that two versions of it can't be taken for each other. */
export function prepared(text: string): PreparedStatement {
  return { name: `oauth_token_exporter_${hash('sha256', text).slice(0, 16)}`, text };
}

const known = new WeakMap<PoolClient, boolean>();

/**
 * Whether what is prepared on a connection is there the next time. Behind a pooler in transaction
 * mode it may not be: another server process runs the next transaction. A pooler gives itself away
 * by the process id that a connection is told at its start, which is none of the server's.
 */
export async function keepsPrepared(client: PoolClient): Promise<boolean> {
  const before = known.get(client);
  if (before !== undefined) return before;
  const { rows } = await client.query<{ pid: number }>('SELECT pg_backend_pid() AS pid');
  const keeps = rows[0]?.pid === (client as PoolClient & { processID?: unknown }).processID;
  known.set(client, keeps);
  return keeps;
}

/** What `pg` is given: with a name, the server parses the text once per connection. */
export function toRun(
  { name, text }: PreparedStatement,
  values: readonly unknown[],
  isKept: boolean,
): QueryConfig {
  return isKept ? { name, text, values: [...values] } : { text, values: [...values] };
}

/**
 * Whether a connection must not run its prepared statements any more: a column has another type
 * since (0A000), or the statement is not there (26000).
 */
export function isOutdated(error: unknown): boolean {
  const code = sqlStateOf(error);
  return code === '0A000' || code === '26000';
}
