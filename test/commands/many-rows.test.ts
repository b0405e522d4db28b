import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { json, startSyncEndpoint, synced } from '../remedy/sync-endpoint.js';
import { startMailServer } from '../support/mail-server.js';
import { startRemedyWorld } from './remedy-world.js';
import type { RemedyWorld } from './remedy-world.js';

const many = 10_000;
let world: RemedyWorld;
/** They are active, have expired and not synced for days; their grants are dead. */
beforeAll(async () => {
  world = await startRemedyWorld();
  const rows = await world.database.query<{ id: string }>(
    `INSERT INTO fathom_integrations
       (user_id, access_token, refresh_token, token_expires_at, fathom_user_email, last_sync_at)
     SELECT gen_random_uuid(), 'a', 'r' || n, now() - interval '1 day',
            CASE WHEN n > 4 THEN 'shared' ELSE 'user-' || n END || '@example.com',
            now() - interval '4 days'
     FROM generate_series(1, ${String(many)}) AS n RETURNING id`,
  );
  await world.kill(rows.map(({ id }) => id));
});
afterAll(() => world.stop());

const count = async (table: string, condition = 'true') => {
  const [row] = await world.database.query<{ count: number }>(
    `SELECT count(*)::int AS count FROM ${table} WHERE ${condition}`,
  );
  return row?.count;
};

describe('ten thousand rows', () => {
  it('are all on the list of reconnect', async () => {
    expect((await world.cli('reconnect')).stdout).toMatch(/\n10000 must authorize again; /);
    expect((await world.cli('reconnect --csv')).stdout.split('\r\n')).toHaveLength(many + 2);
  });

  it('are written to by reconnect --notify once for each address, and are never again', async () => {
    const mail = await startMailServer();
    const env = { CONFIG_FILE: 'test/commands/fixtures/mail.yaml', SMTP_URL: mail.url };
    const { code, stdout, stderr } = await world.cli('reconnect --notify --yes', env);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toMatch(/sent 5\n$/);
    expect(mail.received).toHaveLength(5);
    expect(await count('oauth_token_exporter.reconnect_mails', `outcome = 'sent'`)).toBe(many);
    expect((await world.cli('reconnect --notify --yes', env)).stdout).toMatch(
      /would write to 0, pass over 10000 /,
    );
    expect(mail.received).toHaveLength(5);
    await mail.stop();
  });

  it('are asked for by sync until the quota is used up, and the others are listed as not tried', async () => {
    const endpoint = await startSyncEndpoint();
    const env = { SUPABASE_URL: endpoint.url, SUPABASE_SERVICE_ROLE_KEY: 'key' };
    endpoint.answer = (...call) =>
      (endpoint.calls.length < 100 ? synced : json(402, { error: 'monthly quota' }))(...call);
    const { code, stdout, stderr } = await world.cli('sync --all-stale --yes', env);
    await endpoint.stop();
    expect(code).toBe(1);
    expect(stderr).toMatch(/the quota is used up: HTTP 402: monthly quota; raise it/);
    const asked = endpoint.calls.length;
    // Two are out at once, and the second may be answered a moment later.
    expect([100, 101]).toContain(asked);
    expect(stdout.match(/ not tried /g)).toHaveLength(many - asked);
    expect(await count('oauth_token_exporter.ledger', `event = 'sync_requested'`)).toBe(asked);
  });
});
