import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { App } from '../../src/app.js';
import { explain } from '../../src/commands/explain.js';
import { startExporter, startRefreshWorld } from '../refresh/refresh-world.js';
import type { RefreshWorld } from '../refresh/refresh-world.js';
import { until } from '../support/until.js';
import { capture } from './captured-command.js';

let world: RefreshWorld;
const apps: App[] = [];

beforeEach(async () => {
  world = await startRefreshWorld();
});

afterEach(async () => {
  await Promise.all(apps.splice(0).map((app) => app.stop()));
  await world.stop();
});

const run = (id: string, env: NodeJS.ProcessEnv = world.env, json = false) =>
  capture(env, (context) => explain(context, { id, json, accounts: 'masked' }));

const remembered = (condition: string) =>
  until(`a token is remembered with ${condition}`, async () => {
    const rows = await world.database.query(
      `SELECT FROM oauth_token_exporter.tokens WHERE ${condition}`,
    );
    return rows.length > 0;
  });

describe('explain', () => {
  it('says of a refreshed token when it is due, where its lifetime is known from, what happened', async () => {
    const [id = ''] = await world.addTokens(1, '-1 hour');
    apps.push(await startExporter(world.env));
    await remembered('refreshed_at IS NOT NULL');
    const { code, stdout } = await run(id);
    expect(code).toBe(0);
    expect(stdout).toMatch(/access token: +EXPIRING SOON, expires 20/);
    expect(stdout).toMatch(/grant: +live/);
    expect(stdout).toMatch(/lifetime: +1 d \(expires_in of our last refresh\)/);
    expect(stdout).toMatch(/refresh: +due at 20/);
    expect(stdout).toMatch(/refreshed {2}by refresh/);
    expect(stdout).toMatch(/first_seen {2}by poll/);
    expect(stdout).toMatch(/next step: +nothing/);
  });

  it('shows the account and no secret, by the id of the user too, and as JSON', async () => {
    const [id = ''] = await world.addTokens(1, '23 hours');
    await world.database.query(
      "UPDATE fathom_integrations SET fathom_user_email = 'ada@example.com'",
    );
    const [row] = await world.database.query<Record<string, string>>(
      'SELECT user_id, access_token, refresh_token FROM fathom_integrations',
    );
    apps.push(await startExporter(world.env));
    await remembered('true');
    const { code, stdout } = await run(row?.['user_id'] ?? '', world.env, true);
    expect(code).toBe(0);
    const [explanation] = JSON.parse(stdout) as Record<string, unknown>[];
    expect(explanation).toMatchObject({
      provider: 'fathom',
      token_id: id,
      account: 'a***@e***.com',
      grant: 'unknown',
      due: false,
      claim: null,
    });
    for (const secret of [
      row?.['access_token'],
      row?.['refresh_token'],
      world.server.clientSecret,
    ]) {
      expect(stdout).not.toContain(secret);
    }
  });

  it('says of a dead grant since when, why, and who must act', async () => {
    const [id = ''] = await world.addTokens(1, '-1 hour');
    const [row] = await world.database.query<{ refresh_token: string }>(
      'SELECT refresh_token FROM fathom_integrations',
    );
    await world.server.revokeGrant(row?.refresh_token ?? '');
    apps.push(await startExporter({ ...world.env, INVALID_GRANT_CONFIRM_AFTER: '1s' }));
    await remembered('dead_since IS NOT NULL');
    const { stdout } = await run(id);
    expect(stdout).toMatch(/grant: +dead/);
    expect(stdout).toMatch(/last failure: .*invalid_grant/);
    expect(stdout).toMatch(/dead since: +20/);
    expect(stdout).toMatch(/next step: +ask the user to authorize again; to try it now: refresh/);

    // Also where whoever asks has no configuration that refreshes.
    const elsewhere = await run(id, { DATABASE_URL: world.env['DATABASE_URL'] });
    expect(elsewhere.stdout).toMatch(/next step: +ask the user to authorize again\n/);
  });

  it('names the journal that holds a claim, and how to give it up', async () => {
    const [id = ''] = await world.addTokens(1, '-1 hour');
    apps.push(await startExporter({ ...world.env, REFRESH_MODE: 'off' }));
    await remembered('true');
    const journal = '00000000-0000-4000-8000-000000000001';
    await world.database.query(
      'UPDATE oauth_token_exporter.tokens SET claimed_by = $1, claimed_at = now()',
      [journal],
    );
    const { stdout } = await run(id);
    expect(stdout).toMatch(new RegExp(`claim: +journal ${journal} on an unknown host`));
    expect(stdout).toContain(`journal abandon ${journal}`);
  });

  it('says what it can without a memory, and of a row that is gone', async () => {
    const [id = ''] = await world.addTokens(1, '-1 hour');
    const early = await run(id);
    expect(early.code).toBe(0);
    expect(early.stdout).toMatch(/next step: +the exporter has no memory yet/);
    apps.push(await startExporter({ ...world.env, REFRESH_MODE: 'off' }));
    await remembered('true');
    await world.database.query('DELETE FROM fathom_integrations');
    await remembered('gone_at IS NOT NULL');
    expect((await run(id)).stdout).toMatch(/refresh: +its row is gone since 20/);
  });

  it('says so when there is no such token', async () => {
    expect(await run('nobody')).toMatchObject({
      code: 1,
      stderr: 'no token and no user has the id nobody\n',
    });
  });
});
