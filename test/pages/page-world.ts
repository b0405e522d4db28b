import type { App } from '../../src/app.js';
import { startExporter, startRefreshWorld } from '../refresh/refresh-world.js';
import type { RefreshWorld } from '../refresh/refresh-world.js';
import { until } from '../support/until.js';

/** A running exporter with real tokens to look at. */
export interface PageWorld extends RefreshWorld {
  readonly url: string;
  /** Text of a page, as it was sent. */
  readonly get: (path: string) => Promise<string>;
}

/** Names that an application may hold: each has broken a page somewhere. */
export const hostileNames = [
  '<script>document.title="owned"</script>',
  '"><img src=x onerror=alert(1)>',
  '\u202egnp.nimda',
  `${'long-'.repeat(2_000)}end`,
  '\u0007\u001b[2J<!channel>&amp;',
];

/**
 * Starts the exporter on a database with many tokens, among them some with hostile accounts, one
 * that can't be refreshed and one that was switched off while valid. It refreshes none of them.
 */
export async function startPageWorld(tokens: number): Promise<PageWorld> {
  const world = await startRefreshWorld();
  await world.database.query(
    `INSERT INTO fathom_integrations
       (user_id, access_token, refresh_token, token_expires_at, fathom_user_email)
     SELECT gen_random_uuid(), 'access', 'refresh', now() + n * interval '1 minute',
            'person-' || n || '@example.com'
     FROM generate_series(1, $1::integer) AS n`,
    [tokens],
  );
  for (const name of hostileNames) {
    await world.database.query(
      `INSERT INTO fathom_integrations
         (user_id, access_token, refresh_token, token_expires_at, fathom_user_email)
       VALUES (gen_random_uuid(), 'access', 'refresh', now() - interval '2 hours', $1)`,
      [name],
    );
  }
  await world.database.query(
    `INSERT INTO fathom_integrations
       (user_id, access_token, refresh_token, token_expires_at, is_active)
     VALUES (gen_random_uuid(), 'access', NULL, now() - interval '3 days', true),
            (gen_random_uuid(), 'access', 'refresh', now() + interval '3 days', false)`,
  );
  const app: App = await startExporter({ ...world.env, REFRESH_MODE: 'off' });
  const get = async (path: string) => (await fetch(`${app.url}${path}`)).text();
  await until('the page shows tokens', async () => (await get('/tokens')).includes('<tbody>'));
  return {
    ...world,
    url: app.url,
    get,
    async stop() {
      await app.stop();
      await world.stop();
    },
  };
}
