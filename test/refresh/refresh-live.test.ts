import { afterEach, describe, expect, it } from 'vitest';
import type { App } from '../../src/app.js';
import { until } from '../support/until.js';
import { startExporter, startRefreshWorld } from './refresh-world.js';
import type { RefreshWorld } from './refresh-world.js';

let world: RefreshWorld;
const apps: App[] = [];

afterEach(async () => {
  await Promise.all(apps.splice(0).map((app) => app.stop()));
  await world.stop();
});

describe('refreshing at a real authorization server', () => {
  it('refreshes every expired token once, and the database holds what the server accepts', async () => {
    world = await startRefreshWorld();
    await world.addTokens(50, '-1 hour');
    const lines: string[] = [];
    apps.push(await startExporter(world.env, lines));
    await until(
      'all are refreshed',
      async () => {
        const [row] = await world.database.query<{ fresh: string }>(
          'SELECT count(*) AS fresh FROM fathom_integrations WHERE token_expires_at > now()',
        );
        return (
          row?.fresh === '50' ||
          Promise.reject(new Error(`${row?.fresh ?? ''} ${lines.slice(-3).join('\n')}`))
        );
      },
      { withinMs: 20_000 },
    );
    expect(world.server.counts()).toMatchObject({ refreshes: 50, replays: 0 });
    expect(await world.livingGrants()).toBe(50);
  });
});
