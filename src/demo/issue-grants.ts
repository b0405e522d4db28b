import type pg from 'pg';
import type { AuthorizationServer } from './authorization-server.js';

/** Tables of the demo's world whose rows get grants of the authorization server. */
const tables = [
  // Inactive and expired: long gone. Liam Doyle withdrew his consent, and nobody knows yet.
  {
    name: 'fathom_integrations',
    revoked: `(is_active = false AND token_expires_at < now())
              OR fathom_user_email = 'liam.doyle@example.com'`,
  },
  { name: 'google_integrations', revoked: `token_status = 'revoked' OR is_active = false` },
];

/**
 * Gives every row that has a refresh token a real grant, and withdraws those that the story calls
 * dead. The access tokens keep the expiry that their rows tell.
 */
export async function issueGrants(client: pg.Client, server: AuthorizationServer): Promise<void> {
  for (const { name, revoked } of tables) {
    const { rows } = await client.query<{ id: string; dead: boolean }>(
      `SELECT id, coalesce(${revoked}, false) AS dead FROM ${name} WHERE refresh_token IS NOT NULL`,
    );
    for (const { id, dead } of rows) {
      const grant = await server.issueGrant(id);
      await client.query(`UPDATE ${name} SET access_token = $2, refresh_token = $3 WHERE id = $1`, [
        id,
        grant.accessToken,
        grant.refreshToken,
      ]);
      if (dead) await server.revokeGrant(grant.refreshToken);
    }
  }
}
