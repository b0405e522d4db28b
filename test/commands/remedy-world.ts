import { startRefreshWorld } from '../refresh/refresh-world.js';
import type { RefreshWorld } from '../refresh/refresh-world.js';
import { openState } from '../../src/store/open-state.js';
import { runCli } from '../support/process.js';
import type { CommandResult } from '../support/process.js';
import { openTestPool } from '../support/postgres.js';

/** A refresh world whose memory is ready, with ways to bring tokens into the states of an incident. */
export interface RemedyWorld extends RefreshWorld {
  readonly cli: (args: string, env?: NodeJS.ProcessEnv) => Promise<CommandResult>;
  /** Gives the user of a token a row in `profiles`. */
  readonly addProfile: (tokenId: string, email: string, name?: string | null) => Promise<void>;
  /** Its grant is dead, as two `invalid_grant` leave it in the memory. */
  readonly kill: (tokenIds: readonly string[]) => Promise<void>;
  readonly userOf: (tokenId: string) => Promise<string>;
  readonly isActive: (tokenId: string) => Promise<boolean>;
  /** `event by actor: detail (reason)` of a token, the oldest first, without what polls wrote. */
  readonly ledger: (tokenId: string) => Promise<string[]>;
}

export async function startRemedyWorld(): Promise<RemedyWorld> {
  const world = await startRefreshWorld();
  const pool = openTestPool(world.database.url, 1);
  await world.database.query('DELETE FROM profiles');
  const problem = await openState(pool).ensureReady();
  await pool.end();
  if (problem !== null) throw new Error(problem);
  const userOf = async (tokenId: string) => {
    const [row] = await world.database.query<{ user_id: string }>(
      'SELECT user_id FROM fathom_integrations WHERE id = $1',
      [tokenId],
    );
    return row?.user_id ?? '';
  };
  return {
    ...world,
    userOf,
    cli: (args, env = {}) =>
      runCli(args.split(' '), {
        ...(world.env as Record<string, string>),
        ...(env as Record<string, string>),
      }),
    addProfile: async (tokenId, email, name = null) => {
      await world.database.query(
        'INSERT INTO profiles (id, email, first_name) VALUES ($1, $2, $3)',
        [await userOf(tokenId), email, name],
      );
    },
    kill: async (tokenIds) => {
      await world.database.query(
        `INSERT INTO oauth_token_exporter.tokens (provider, token_id, subject, first_seen_at,
           active, expires_at, failures, failure_reason, failed_at, fingerprint, dead_since)
         SELECT 'fathom', id::text, user_id::text, now() - interval '2 days', is_active,
                token_expires_at, 2, 'invalid_grant', now() - interval '1 hour',
                encode(sha256(convert_to(E'fathom\\n' || id || E'\\n' || refresh_token, 'UTF8')), 'hex'),
                now() - interval '1 hour'
         FROM fathom_integrations WHERE id = ANY($1::uuid[])
         ON CONFLICT (provider, token_id) DO UPDATE SET failures = 2, fingerprint = excluded.fingerprint,
           dead_since = excluded.dead_since,
           failed_at = excluded.failed_at, refreshed_at = NULL, expiry_moved_at = NULL`,
        [tokenIds],
      );
    },
    isActive: async (tokenId) => {
      const [row] = await world.database.query<{ is_active: boolean }>(
        'SELECT is_active FROM fathom_integrations WHERE id = $1',
        [tokenId],
      );
      return row?.is_active === true;
    },
    ledger: async (tokenId) => {
      const rows = await world.database.query<{ line: string }>(
        `SELECT event || ' by ' || actor || coalesce(': ' || detail, '') || coalesce(' (' || reason || ')', '') AS line
         FROM oauth_token_exporter.ledger
         WHERE token_id = $1 AND event LIKE ANY('{%by_hand,reactivation%,reconnect%}') ORDER BY id`,
        [tokenId],
      );
      return rows.map(({ line }) => line);
    },
  };
}
