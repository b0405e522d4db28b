import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { Config, ProviderConfig } from '../../src/config/config.js';
import { presetNames } from '../../src/config/presets.js';
import { complete, loadFrom, loadYaml } from './load-from.js';

const hour = 3_600_000;

function load(yaml: string): { config: Config; warnings: readonly string[] } {
  const loaded = loadYaml(yaml);
  if (!loaded.ok) throw new Error(JSON.stringify(loaded.problems));
  return loaded;
}

function provider(yaml: string): ProviderConfig {
  const [first] = load(yaml).config.providers;
  if (first === undefined) throw new Error('no provider');
  return first;
}

const of = (column: string, join: string | null = null) => ({ join, column });

describe('loadConfig without a file', () => {
  it('watches the tables of the reference schema', () => {
    const loaded = loadFrom({}, complete);
    expect(loaded).toMatchObject({
      ok: true,
      config: {
        providers: [
          {
            name: 'fathom',
            tokens: {
              schema: 'public',
              table: 'fathom_integrations',
              joins: {},
              columns: {
                id: of('id'),
                subject: of('user_id'),
                account: of('fathom_user_email'),
                expiresAt: of('token_expires_at'),
                active: of('is_active'),
                refreshToken: of('refresh_token'),
                hasRefreshToken: null,
                status: null,
                createdAt: of('created_at'),
                updatedAt: null,
              },
            },
            expiringSoonMs: 7 * 24 * hour,
            declaredLifetimeMs: 24 * hour,
            syncs: {
              lastSuccess: [
                { kind: 'column', column: of('last_sync_at') },
                {
                  kind: 'table',
                  schema: 'public',
                  table: 'cron_job_logs',
                  subject: 'user_id',
                  at: 'created_at',
                  where: {
                    status: ['success'],
                    job_name: ['fathom_hourly_sync', 'fathom_cron_sync_v2'],
                  },
                  optional: true,
                },
                { kind: 'table', table: 'fathom_sync_state', at: 'last_sync_completed_at' },
              ],
              running: { table: 'fathom_sync_state', where: { sync_status: ['syncing'] } },
              stuckAfterMs: hour / 6,
              overdueAfterMs: 72 * hour,
            },
          },
        ],
      },
    });
  });

  it('warns of nothing, since nobody wrote that a week is longer than the tokens live', () => {
    expect(loadFrom({}, complete)).toMatchObject({ ok: true, warnings: [] });
  });
});

describe('loadConfig with a file', () => {
  it('watches the reference schema too when the file names no providers', () => {
    const { config } = load('poll_interval: 1m');
    expect(config.providers.map(({ name }) => name)).toEqual(['fathom']);
  });

  it('asks for no more than a table and two columns', () => {
    expect(provider('providers: { slack: { table: t, columns: { id: a, subject: b } } }')).toEqual({
      name: 'slack',
      tokens: {
        schema: 'public',
        table: 't',
        joins: {},
        columns: {
          id: of('a'),
          subject: of('b'),
          account: null,
          expiresAt: null,
          active: null,
          accessToken: null,
          refreshToken: null,
          hasRefreshToken: null,
          status: null,
          createdAt: null,
          updatedAt: null,
        },
      },
      expiringSoonMs: 7 * 24 * hour,
      database: 'default',
      declaredLifetimeMs: null,
      syncs: null,
      refresh: null,
      people: null,
      jobs: null,
      webhooks: null,
      backlog: null,
    });
  });

  it('has thresholds for syncs, and takes a configured table to be there', () => {
    const { syncs } = provider(`
      providers:
        crm:
          table: auth.tokens
          columns: { id: id, subject: user_id }
          syncs:
            last_success: [{ table: logs.runs, subject: owner, at: done_at }]
    `);
    expect(syncs).toEqual({
      lastSuccess: [
        {
          kind: 'table',
          schema: 'logs',
          table: 'runs',
          subject: 'owner',
          at: 'done_at',
          where: {},
          optional: false,
        },
      ],
      running: null,
      failures: [],
      failureReasons: [],
      runs: [],
      stored: null,
      stuckAfterMs: hour / 6,
      overdueAfterMs: 72 * hour,
      schedule: null,
      endpoint: null,
      retriesAfterRepair: false,
    });
  });

  it('replaces a preset column by column, and otherwise key by key', () => {
    const preset = provider('providers: { fathom: { preset: fathom } }');
    const changed = provider(`
      providers:
        fathom:
          preset: fathom
          table: app.tokens
          columns: { account: email, refresh_token: null, has_refresh_token: has_refresh_token }
          declared_lifetime: null
          syncs: { last_success: [{ column: synced_at }], overdue_after: 1h }
    `);
    expect(changed).toEqual({
      ...preset,
      tokens: {
        schema: 'app',
        table: 'tokens',
        joins: {},
        columns: {
          ...preset.tokens.columns,
          account: of('email'),
          refreshToken: null,
          hasRefreshToken: of('has_refresh_token'),
        },
      },
      declaredLifetimeMs: null,
      syncs: {
        ...preset.syncs,
        lastSuccess: [{ kind: 'column', column: of('synced_at') }],
        overdueAfterMs: hour,
      },
    });
    expect(provider('providers: { f: { preset: fathom, syncs: null } }').syncs).toBeNull();
  });

  it('lets several providers share a preset and a table', () => {
    const { config } = load('providers: { one: { preset: fathom }, two: { preset: fathom } }');
    expect(config.providers.map(({ name, tokens }) => [name, tokens.table])).toEqual([
      ['one', 'fathom_integrations'],
      ['two', 'fathom_integrations'],
    ]);
  });

  it.each(['', '%YAML 1.1\n---\n'])('keeps the key `on` text (%j)', (directive) => {
    const { tokens } = provider(`${directive}
providers:
  crm:
    table: t
    joins: { org: { table: o, on: { id: org_id } } }
    columns: { id: id, subject: org_id, active: org.on }
`);
    expect(tokens.joins).toEqual({ org: { schema: 'public', table: 'o', on: { id: 'org_id' } } });
    expect(tokens.columns.active).toEqual(of('on', 'org'));
  });

  it('takes names that every object inherits for names', () => {
    const { name, tokens } = provider(`
      providers:
        constructor:
          table: t
          joins: { toString: { table: o, on: { id: valueOf } } }
          columns: { id: id, subject: toString.hasOwnProperty }
    `);
    expect(name).toBe('constructor');
    expect(Object.keys(tokens.joins)).toEqual(['toString']);
  });

  it('accepts the names that Postgres accepts in quotes', () => {
    const { tokens } = provider(
      'providers: { crm: { table: Büro.User-Token, columns: { id: Id, subject: userId$ } } }',
    );
    expect(tokens).toMatchObject({
      schema: 'Büro',
      table: 'User-Token',
      columns: { id: of('Id'), subject: of('userId$') },
    });
  });

  it('understands anchors', () => {
    const { config } = load(`
      providers:
        one: &one { table: t, columns: { id: a, subject: b } }
        two: *one
    `);
    expect(config.providers[1]).toEqual({ ...config.providers[0], name: 'two' });
  });

  it.each([
    ['longer than the lifetime', '2h', '1h', false],
    ['as long as the lifetime', '60m', '1h', false],
    ['a millisecond shorter than the lifetime', '999999ms', '1000s', true],
  ])('judges a window that is %s', (_, soon, lifetime, accepted) => {
    const loaded = loadYaml(
      `providers: { a: { table: t, columns: { id: a, subject: b }, expiring_soon: ${soon}, declared_lifetime: ${lifetime} } }`,
    );
    expect(loaded.ok).toBe(accepted);
  });

  it('only warns when one of window and lifetime is not the user’s own', () => {
    expect(load('providers: { f: { preset: fathom, expiring_soon: 24h } }').warnings).toEqual([
      'providers.f.expiring_soon: 24h is not shorter than declared_lifetime (24h), so every healthy token is EXPIRING SOON at all times',
    ]);
    expect(load('providers: { f: { preset: fathom, declared_lifetime: 1h } }').warnings).toEqual([
      'providers.f.expiring_soon: 7d is not shorter than declared_lifetime (1h), so every healthy token is EXPIRING SOON at all times',
    ]);
    expect(load('providers: { f: { preset: fathom, expiring_soon: 8h } }').warnings).toEqual([]);
    expect(load('providers: { f: { preset: fathom } }').warnings).toEqual([]);
  });

  it('lets a lifetime be exactly four poll intervals', () => {
    const { config } = load('{ poll_interval: 6h, providers: { f: { preset: fathom } } }');
    expect(config.pollIntervalMs).toBe(6 * hour);
  });
});

describe('mappings', () => {
  it('express every shape of token table', () => {
    const yaml = readFileSync(new URL('fixtures/domain-tables.yaml', import.meta.url), 'utf8');
    const shapes = load(yaml).config.providers.map(({ name, tokens }) => ({ name, ...tokens }));
    expect(shapes).toMatchObject([
      { name: 'fathom', table: 'fathom_integrations' },
      {
        name: 'google',
        table: 'google_integrations',
        columns: { account: of('email'), status: of('token_status'), expiresAt: of('expires_at') },
      },
      {
        name: 'hubspot',
        table: 'hubspot_org_credentials',
        joins: {
          org: { schema: 'public', table: 'hubspot_org_integrations', on: { org_id: 'org_id' } },
        },
        columns: { id: of('org_id'), subject: of('org_id'), active: of('is_active', 'org') },
      },
      {
        name: 'notion',
        table: 'notion_integrations',
        joins: { secrets: { table: 'notion_integrations_secrets', on: { integration_id: 'id' } } },
        columns: { refreshToken: of('refresh_token', 'secrets') },
      },
      {
        name: 'slack',
        table: 'slack_integrations',
        columns: { account: of('team_name'), expiresAt: null, refreshToken: null },
      },
    ]);
  });

  it.each(presetNames())('of the preset %s need nothing added', (name) => {
    expect(load(`providers: { p: { preset: ${name} } }`).config.providers).toHaveLength(1);
  });
});
