import { planConnection } from '../../src/database/connection-options.js';
import { mainDatabase } from './main-database.js';
import { DatabaseError } from '../../src/database/explain-database-error.js';
import type { DatabaseFailure } from '../../src/database/explain-database-error.js';
import { openPool } from '../../src/database/open-pool.js';
import { readSnapshot } from '../../src/database/read-snapshot.js';

/** Connects as the exporter does and asks one thing: whether over TLS, or why not at all. */
export async function connect(
  url: string,
  { ca = null, timeoutMs = 2_000 }: { ca?: string | null; timeoutMs?: number } = {},
): Promise<{ readonly tls: boolean } | DatabaseFailure> {
  const plan = planConnection({ ...mainDatabase, url, ca });
  if (!plan.ok) throw new Error(plan.problem);
  const pool = openPool(plan.client, { connectTimeoutMs: timeoutMs, onIdleError: () => undefined });
  try {
    const [row] = await readSnapshot({ pool, target: plan.target, timeoutMs }, ({ query }) =>
      query<{ tls: boolean }>('SELECT ssl AS tls FROM pg_stat_ssl WHERE pid = pg_backend_pid()'),
    );
    return row!;
  } catch (error) {
    if (error instanceof DatabaseError) return error.failure;
    throw error;
  } finally {
    await pool.end();
  }
}

/** The same URL with another host and other parameters. */
export function changeUrl(
  url: string,
  { host, ...parameters }: Readonly<Record<string, string>>,
): string {
  const changed = new URL(url);
  if (host !== undefined) changed.hostname = host;
  for (const [name, value] of Object.entries(parameters)) changed.searchParams.set(name, value);
  return changed.href;
}
