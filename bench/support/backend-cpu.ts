import { readFileSync } from 'node:fs';
import type { Query } from '../../src/database/read-snapshot.js';

/**
 * A clock of the processor time, in milliseconds, that this connection's backend of Postgres has used,
 * whatever for: to parse, plan and execute, to read pages and to send rows. The server must run on this
 * machine, under Linux. Parallel workers are processes of their own and not counted.
 */
export async function backendCpuClock(query: Query): Promise<() => number> {
  const [row] = await query<{ pid: number }>('SELECT pg_backend_pid() AS pid');
  if (row === undefined) throw new TypeError('the backend did not tell its pid');
  const path = `/proc/${String(row.pid)}/schedstat`;
  return () => Number(readFileSync(path, 'utf8').split(' ')[0]) / 1e6;
}
