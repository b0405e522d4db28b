import { afterEach, beforeEach, expect, it } from 'vitest';
import type { App } from '../../src/app.js';
import { startExporter, startRefreshWorld } from '../refresh/refresh-world.js';
import type { RefreshWorld } from '../refresh/refresh-world.js';
import { until } from '../support/until.js';

let world: RefreshWorld;
const apps: App[] = [];

beforeEach(async () => {
  world = await startRefreshWorld();
});
afterEach(async () => {
  await Promise.all(apps.splice(0).map((app) => app.stop()));
  await world.stop();
});

it('two exporters that run tell once of a dead grant, and once that its user has reconnected', async () => {
  const [dead = ''] = await world.addTokens(3, '23 hours');
  const lines: string[] = [];
  const env = (name: string) => ({
    ...world.env,
    INCIDENT_GROUP_WAIT: '0s',
    JOURNAL_DIR: `${world.directory}/${name}`,
  });
  apps.push(await startExporter(env('a'), lines), await startExporter(env('b'), lines));
  await until('the tokens are remembered', async () => {
    const rows = await world.database.query('SELECT FROM oauth_token_exporter.tokens');
    return rows.length === 3;
  });
  const told = (word: string) =>
    lines.filter((text) => /^\S+ (\S+) fathom: .* grants dead\n/.exec(text)?.[1] === word);
  await world.database.query(
    'UPDATE oauth_token_exporter.tokens SET dead_since = now(), failed_at = now() WHERE token_id = $1',
    [dead],
  );
  await until('OPEN is told', () => told('OPEN').length > 0);
  expect(told('OPEN')[0]).toContain('OPEN fathom: 1 of 3 grants dead\n');
  const metric =
    /oauth_incidents_open\{provider="fathom",cause="grants_dead",severity="warning"\} 1\n/;
  await until('the metric shows it', async () =>
    metric.test(await (await fetch(`${apps[0]!.url}/metrics`)).text()),
  );

  await world.reauthorize(dead, '24 hours');
  await until('RECOVERED is told', () => told('RECOVERED').length > 0);
  expect(told('RECOVERED')[0]).toContain('Repaired since the last message: 1.');
  expect([told('OPEN'), told('RECOVERED')].map(({ length }) => length)).toEqual([1, 1]);
  const rows = await world.database.query<{ recovered: boolean }>(
    `SELECT recovered_at IS NOT NULL AS recovered FROM oauth_token_exporter.incidents
     WHERE cause = 'grants_dead'`,
  );
  expect(rows).toEqual([{ recovered: true }]);
}, 30_000);
