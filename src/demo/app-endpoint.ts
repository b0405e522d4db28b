import { randomBytes, timingSafeEqual } from 'node:crypto';
import { createServer } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import pg from 'pg';
import type { AuthorizationServer } from './authorization-server.js';

export interface AppEndpoint {
  readonly url: string;
  /** What it wants as bearer token; made up at the start. */
  readonly serviceKey: string;
  stop(): Promise<void>;
}

interface Result {
  readonly id: string;
  readonly status: 'refreshed' | 'failed' | 'needs_reconnect';
}

/**
 * The endpoint with which the demo's application refreshes its own Google tokens: all active ones
 * that expire within ten minutes, in the shape that the reference application answers in.
 */
export async function startAppEndpoint(
  databaseUrl: string,
  server: AuthorizationServer,
): Promise<AppEndpoint> {
  const serviceKey = randomBytes(24).toString('base64url');
  const pool = new pg.Pool({ connectionString: databaseUrl, max: 1 });
  pool.on('error', () => undefined);

  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    request.resume();
    const given = Buffer.from(request.headers.authorization ?? '');
    const wanted = Buffer.from(`Bearer ${serviceKey}`);
    const allowed = given.length === wanted.length && timingSafeEqual(given, wanted);
    const [status, body] = !allowed
      ? [401, { success: false, error: 'unauthorized' }]
      : await refreshAll(pool, server).then(
          (results) => [200, summarise(results)] as const,
          () => [500, { success: false, error: 'the database can not be reached' }] as const,
        );
    response.writeHead(status, { 'Content-Type': 'application/json' }).end(JSON.stringify(body));
  };
  const http = createServer((request, response) => void answer(request, response));
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
  const { port } = http.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${String(port)}/functions/v1/google-token-refresh`,
    serviceKey,
    async stop() {
      http.closeAllConnections();
      await new Promise((resolve) => http.close(resolve));
      await pool.end();
    },
  };
}

async function refreshAll(pool: pg.Pool, server: AuthorizationServer): Promise<Result[]> {
  const { rows } = await pool.query<{ id: string; refresh_token: string }>(
    `SELECT id, refresh_token FROM google_integrations
     WHERE is_active AND refresh_token IS NOT NULL AND expires_at < now() + interval '10 minutes'`,
  );
  const results: Result[] = [];
  for (const { id, refresh_token } of rows) {
    results.push({ id, status: await refreshOne(pool, server, id, refresh_token) });
  }
  return results;
}

async function refreshOne(
  pool: pg.Pool,
  server: AuthorizationServer,
  id: string,
  refreshToken: string,
): Promise<Result['status']> {
  const response = await fetch(server.tokenEndpoint, {
    method: 'POST',
    body: new URLSearchParams({
      grant_type: 'refresh_token',
      refresh_token: refreshToken,
      client_id: server.clientId,
      client_secret: server.clientSecret,
    }),
  });
  const tokens = (await response.json()) as Record<string, unknown>;
  if (tokens['error'] === 'invalid_grant') return 'needs_reconnect';
  if (!response.ok) return 'failed';
  await pool.query(
    `UPDATE google_integrations
     SET access_token = $2, refresh_token = $3, expires_at = now() + interval '1 hour',
         last_token_refresh = now()
     WHERE id = $1`,
    [id, tokens['access_token'], tokens['refresh_token']],
  );
  return 'refreshed';
}

function summarise(results: readonly Result[]): unknown {
  const count = (status: Result['status']) =>
    results.filter((result) => result.status === status).length;
  return {
    success: true,
    summary: {
      total: results.length,
      refreshed: count('refreshed'),
      skipped: 0,
      failed: count('failed'),
      needs_reconnect: count('needs_reconnect'),
    },
    results,
  };
}
