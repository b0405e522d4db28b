/**
 * The loop that a refresher without any guarantee would be, in a process of its own: the same call
 * of the same HTTP client, and one single-row UPDATE. Forked by `bench/refresh.ts`.
 */
import pg from 'pg';
import { openConnections } from '../../src/refresh/bounded-request.js';
import { sendRefreshRequest } from '../../src/refresh/token-endpoint.js';
import type { TokenEndpoint } from '../../src/refresh/token-endpoint.js';

/** What one run of the loop is to do. `requests` false: only the updates. */
export interface BareRun {
  readonly databaseUrl: string;
  readonly tokenEndpoint: string;
  readonly table: string;
  readonly tokens: number;
  readonly inFlight: number;
  readonly requests: boolean;
}

interface Row {
  readonly id: string;
  readonly refresh_token: string;
}

const connections = openConnections();
const pools = new Map<string, pg.Pool>();

function poolOf({ databaseUrl, inFlight }: BareRun): pg.Pool {
  const pool =
    pools.get(databaseUrl) ?? new pg.Pool({ connectionString: databaseUrl, max: inFlight });
  pools.set(databaseUrl, pool);
  if (pool.listenerCount('error') === 0) pool.on('error', () => undefined);
  return pool;
}

/** Answers how many milliseconds it took. */
async function run(options: BareRun): Promise<number> {
  const pool = poolOf(options);
  const { rows } = await pool.query<Row>(
    `SELECT id, refresh_token FROM ${options.table} ORDER BY token_expires_at LIMIT $1`,
    [options.tokens],
  );
  const endpoint: TokenEndpoint = {
    url: options.tokenEndpoint,
    clientId: 'client',
    clientSecret: 'secret',
    authentication: 'client_secret_post',
    extraParameters: {},
    headers: {},
    aliases: {},
  };
  const left = rows[Symbol.iterator]();
  const startedAtMs = performance.now();
  const worker = async (): Promise<void> => {
    for (const row of left) {
      const tokens = options.requests ? await exchange(endpoint, row) : unchanged(row);
      await pool.query(
        `UPDATE ${options.table} SET access_token = $3, refresh_token = $4,
           token_expires_at = now() + $5 * interval '1 second'
         WHERE id = $1 AND refresh_token = $2`,
        [row.id, row.refresh_token, tokens.access_token, tokens.refresh_token, tokens.expires_in],
      );
    }
  };
  await Promise.all(Array.from({ length: options.inFlight }, worker));
  return performance.now() - startedAtMs;
}

interface Tokens {
  readonly access_token: string;
  readonly refresh_token: string;
  readonly expires_in: number;
}

async function exchange(endpoint: TokenEndpoint, { refresh_token }: Row): Promise<Tokens> {
  const exchanged = await sendRefreshRequest(connections, endpoint, refresh_token);
  if (!exchanged.ok) throw new Error(exchanged.detail);
  const tokens = JSON.parse(exchanged.raw.body.toString()) as Partial<Tokens>;
  if (tokens.access_token === undefined) throw new Error('the token endpoint refused a token');
  return tokens as Tokens;
}

function unchanged({ refresh_token }: Row): Tokens {
  return { access_token: 'x'.repeat(400), refresh_token, expires_in: 86_400 };
}

process.on('message', (message: BareRun) => {
  run(message).then(
    (tookMs) => process.send?.(tookMs),
    (error: unknown) => {
      console.error(error);
      process.exit(1);
    },
  );
});
process.on('disconnect', () => process.exit());
