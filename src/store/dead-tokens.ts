import type { Query } from '../database/read-snapshot.js';
import { stateSchema } from './migrate.js';

/** A token whose grant is dead, and the keyed hash of the refresh token that was refused. */
export interface DeadToken {
  readonly tokenId: string;
  readonly fingerprint: string;
}

/** Reads the dead tokens of a provider whose rows are there and that nobody holds claimed. */
export async function readDeadTokens(query: Query, provider: string): Promise<DeadToken[]> {
  return query<DeadToken & Record<string, unknown>>(
    `SELECT token_id AS "tokenId", fingerprint FROM ${stateSchema}.tokens
     WHERE provider = $1 AND dead_since IS NOT NULL AND fingerprint IS NOT NULL
       AND gone_at IS NULL AND claimed_by IS NULL`,
    [provider],
  );
}

/**
 * Ends the death of tokens whose rows hold another refresh token than the one that was refused,
 * with a line of the ledger for each; returns those that this call revived.
 */
export async function reviveTokens(
  query: Query,
  provider: string,
  tokens: readonly DeadToken[],
): Promise<string[]> {
  const revived = await query<{ tokenId: string }>(
    `WITH input AS (
       SELECT * FROM jsonb_to_recordset($2::jsonb) AS x("tokenId" text, fingerprint text)
     ), revived AS (
       UPDATE ${stateSchema}.tokens AS t SET
         dead_since = NULL, suspected_at = NULL, failures = 0, failure_reason = NULL,
         not_before = NULL
       FROM input
       WHERE t.provider = $1 AND t.token_id = input."tokenId"
         AND t.fingerprint = input.fingerprint
         AND t.dead_since IS NOT NULL AND t.claimed_by IS NULL
       RETURNING t.token_id
     )
     INSERT INTO ${stateSchema}.ledger (at, provider, token_id, event, detail, actor)
     SELECT now(), $1, token_id, 'reauthorized', 'the row holds another refresh token', 'refresh'
     FROM revived
     RETURNING token_id AS "tokenId"`,
    [provider, JSON.stringify(tokens)],
  );
  return revived.map(({ tokenId }) => tokenId);
}
