import { afterEach, describe, expect, it } from 'vitest';
import { fingerprintOf } from '../../src/refresh/app-rows.js';
import { createRevival, reviveDead } from '../../src/refresh/revive-dead.js';
import { until } from '../support/until.js';
import { compose, openRealJournal } from './die-before-storing.js';
import { startRefreshWorld } from './refresh-world.js';
import type { RefreshWorld } from './refresh-world.js';

let world: RefreshWorld;
let exporter: Awaited<ReturnType<typeof compose>>;

afterEach(async () => {
  await exporter.die();
  await world.stop();
});

/** Three dead grants without a recorded expiry; nobody holds them claimed. */
async function threeDead(): Promise<string[]> {
  world = await startRefreshWorld();
  await world.database.query(
    'ALTER TABLE fathom_integrations ALTER token_expires_at DROP NOT NULL',
  );
  const ids = await world.addTokens(3, '-1 hour');
  exporter = await compose(world, openRealJournal);
  await exporter.claimDue();
  for (const id of ids) {
    const [row] = await world.database.query<{ refresh_token: string }>(
      'UPDATE fathom_integrations SET token_expires_at = NULL WHERE id = $1 RETURNING refresh_token',
      [id],
    );
    await world.database.query(
      `UPDATE oauth_token_exporter.tokens SET claimed_by = NULL, claimed_at = NULL, failures = 2,
         dead_since = now(), failure_reason = 'invalid_grant', fingerprint = $2
       WHERE token_id = $1`,
      [id, fingerprintOf('fathom', id, row?.refresh_token ?? '')],
    );
  }
  return ids;
}

const parts = () => ({
  provider: 'fathom',
  appPool: exporter.pool,
  table: exporter.table,
  statePool: exporter.pool,
});

async function dead(): Promise<string[]> {
  const rows = await world.database.query<{ token_id: string }>(
    'SELECT token_id FROM oauth_token_exporter.tokens WHERE dead_since IS NOT NULL',
  );
  return rows.map(({ token_id }) => token_id);
}

async function authorizeAgain(id: string): Promise<void> {
  await world.database.query(
    `UPDATE fathom_integrations SET refresh_token = 'another' WHERE id = $1`,
    [id],
  );
}

describe('a dead grant without a recorded expiry', () => {
  it('comes back to life when its row holds another refresh token, once', async () => {
    const [again = '', cleared = '', still = ''] = await threeDead();
    await authorizeAgain(again);
    await world.database.query(`UPDATE fathom_integrations SET refresh_token = '' WHERE id = $1`, [
      cleared,
    ]);
    const both = await Promise.all([reviveDead(parts()), reviveDead(parts())]);
    expect(both.flat()).toEqual([again]);
    expect((await dead()).sort()).toEqual([cleared, still].sort());
    const ledger = await world.database.query(
      `SELECT token_id, detail FROM oauth_token_exporter.ledger WHERE event = 'reauthorized'`,
    );
    expect(ledger).toEqual([{ token_id: again, detail: 'the row holds another refresh token' }]);
    const [memory] = await world.database.query(
      'SELECT failures, failure_reason, not_before FROM oauth_token_exporter.tokens WHERE token_id = $1',
      [again],
    );
    expect(memory).toEqual({ failures: 0, failure_reason: null, not_before: null });
  });

  it('is left alone while somebody tries it', async () => {
    const [id = ''] = await threeDead();
    await authorizeAgain(id);
    await world.database.query(
      'UPDATE oauth_token_exporter.tokens SET claimed_by = gen_random_uuid() WHERE token_id = $1',
      [id],
    );
    expect(await reviveDead(parts())).toEqual([]);
  });

  it('is looked at with the first poll and then every five minutes', async () => {
    const [first = '', second = ''] = await threeDead();
    let nowMs = 0;
    const troubles: string[] = [];
    const revival = createRevival(
      parts(),
      () => nowMs,
      (message) => troubles.push(message),
    );
    await authorizeAgain(first);
    revival.check();
    await revival.settled();
    expect((await dead()).includes(first)).toBe(false);
    await authorizeAgain(second);
    nowMs = 5 * 60_000 - 1;
    revival.check();
    await revival.settled();
    expect((await dead()).includes(second)).toBe(true);
    nowMs += 1;
    revival.check();
    await until('it is alive again', async () => !(await dead()).includes(second));
    expect(troubles).toEqual([]);
  });
});
