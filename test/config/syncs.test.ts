import { describe, expect, it } from 'vitest';
import type { SyncConfig } from '../../src/config/config.js';
import { loadFrom } from './load-from.js';

const load = (syncs: string, env: Record<string, string> = {}) =>
  loadFrom(
    {
      'oauth-token-exporter.yaml': `providers:\n  fathom:\n    preset: fathom\n    syncs: ${syncs}\n`,
    },
    { DATABASE_URL: 'postgresql://localhost/app', ...env },
  );

function syncsOf(syncs: string, env: Record<string, string> = {}): SyncConfig | null {
  const loaded = load(syncs, env);
  if (!loaded.ok) throw new Error(JSON.stringify(loaded.problems));
  return loaded.config.providers[0]?.syncs ?? null;
}

const supabase = { SUPABASE_URL: 'https://x.example.com', SUPABASE_SERVICE_ROLE_KEY: 'a key' };

describe('the sync endpoint', () => {
  it('of the preset is there when its variables are', () => {
    expect(syncsOf('{}')).toMatchObject({ endpoint: null, retriesAfterRepair: false });
    expect(syncsOf('{}', supabase)).toMatchObject({
      endpoint: {
        url: 'https://x.example.com/functions/v1/fathom-sync',
        headers: { Authorization: 'Bearer a key' },
        body: '{"sync_type":"{{sync_type}}","user_id":"{{subject}}"}',
        concurrency: 2,
      },
      retriesAfterRepair: true,
    });
    expect(syncsOf('{ endpoint: null }', supabase)?.endpoint).toBeNull();
  });

  it('of a file leaves the rest of the preset as it is', () => {
    const syncs = syncsOf(
      '{ endpoint: { url: "http://127.0.0.1:1/sync" }, retry_after_repair: false }',
    );
    expect(syncs).toMatchObject({
      endpoint: { url: 'http://127.0.0.1:1/sync', headers: {}, body: '{}' },
      retriesAfterRepair: false,
    });
    expect(syncs?.lastSuccess).toEqual(syncsOf('{}')?.lastSuccess);
  });
});

it('a schedule is in UTC and has half an hour, unless it says otherwise', () => {
  expect(syncsOf('{ schedule: { cron: "0 8-15 * * 1-5" } }')?.schedule).toEqual({
    cron: '0 8-15 * * 1-5',
    timeZone: 'UTC',
    graceMs: 1_800_000,
  });
});

describe('what is wrong with syncs', () => {
  const at = 'providers.fathom.syncs';
  it.each([
    [
      '{ schedule: { cron: every hour } }',
      `${at}.schedule.cron`,
      '"every hour" is no schedule: write five fields, such as 0 8-15 * * 1-5',
    ],
    [
      '{ schedule: { cron: "0 0 30 2 *" } }',
      `${at}.schedule.cron`,
      '"0 0 30 2 *" is no schedule: write five fields, such as 0 8-15 * * 1-5',
    ],
    [
      '{ schedule: { cron: "* * * * * *" } }',
      `${at}.schedule.cron`,
      '"* * * * * *" is no schedule: write five fields, such as 0 8-15 * * 1-5',
    ],
    [
      '{ schedule: { cron: "0 8 * * *", time_zone: Berlin } }',
      `${at}.schedule.time_zone`,
      '"Berlin" is no time zone: write an IANA name such as Europe/Berlin',
    ],
    [
      '{ failure_reasons: [{ match: "[", reason: auth }] }',
      `${at}.failure_reasons[0].match`,
      /^is no regular expression: .*\[/,
    ],
    [
      '{ failure_reasons: [{ match: x, reason: sad }] }',
      `${at}.failure_reasons[0].reason`,
      'must be one of reauthorize, auth, rate_limited, configuration, quota, benign, other',
    ],
    [
      '{ endpoint: { url: "http://app.example.com/sync" } }',
      `${at}.endpoint.url`,
      'must be an https URL (http is for loopback addresses only)',
    ],
    [
      '{ endpoint: { url: "https://app.example.com", headers: { a: "${NOT_SET}" } } }',
      `${at}.endpoint`,
      'names NOT_SET, which is not set in the environment',
    ],
    [
      '{ runs: [{ table: log, at: at, outcome: status, succeeded: [], failed: [x] }] }',
      `${at}.runs[0].succeeded`,
      'must list at least one value',
    ],
  ])('%s', (syncs, path, message) => {
    const loaded = load(syncs);
    const problems = loaded.ok ? [] : loaded.problems;
    expect(problems).toHaveLength(1);
    expect(problems[0]?.path).toBe(path);
    if (message instanceof RegExp) expect(problems[0]?.message).toMatch(message);
    else expect(problems[0]?.message).toBe(message);
  });
});
