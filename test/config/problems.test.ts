import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fileSchema, providerSchema } from '../../src/config/schema.js';
import { formatPath, formatProblems } from '../../src/config/problem.js';
import { loadYaml } from './load-from.js';

/** The report on a file, as the user sees it. */
function report(yaml: string, env: NodeJS.ProcessEnv = {}): string[] {
  const loaded = loadYaml(yaml, env);
  return loaded.ok ? ['fine'] : formatProblems(loaded.problems).split('\n');
}

/** A provider that is valid but for `keys`. */
function withKeys(keys: string): string {
  return `providers: { crm: { table: t, columns: { id: id, subject: user_id }, ${keys} } }`;
}

const duration = 'write a whole number and its unit (ms, s, m, h, d or w), such as 15m';
const column = 'write column, or join.column for one of a joined table';
const file = 'oauth-token-exporter.yaml';

describe('a file that cannot be used', () => {
  it.each([
    ['is empty', '', `${file}: is empty: without it, the defaults apply`],
    ['is all comments', '# providers:\n', `${file}: is empty: without it, the defaults apply`],
    ['is a list', '- providers', `${file}: must be a map of keys, such as providers:`],
    ['is text', 'providers', `${file}: must be a map of keys, such as providers:`],
    [
      'is not YAML',
      'providers:\n\tfathom:',
      `${file}: line 2, column 1: Tabs are not allowed as indentation`,
    ],
    [
      'says a thing twice',
      'poll_interval: 1m\npoll_interval: 2m',
      `${file}: line 2, column 1: Map keys must be unique`,
    ],
    [
      'holds two documents',
      'poll_interval: 1m\n---\nlog_level: info',
      `${file}: line 2, column 1: a second document begins here`,
    ],
    ['has a tag', 'providers: !map x', `${file}: line 1, column 12: Unresolved tag`],
    [
      'uses an anchor that is not there',
      'providers: *none',
      `${file}: Unresolved alias (the anchor must be set before the alias)`,
    ],
    [
      'multiplies by aliases',
      [
        'a: &a [x, x, x, x, x, x, x, x]',
        'b: &b [*a, *a, *a, *a, *a, *a, *a, *a]',
        'c: &c [*b, *b, *b, *b, *b, *b, *b, *b]',
        'd: [*c, *c, *c, *c, *c, *c, *c, *c]',
      ].join('\n'),
      `${file}: Excessive alias count indicates a resource exhaustion attack`,
    ],
    [
      'has a number for a key',
      'providers:\n  1: x',
      `${file}: line 2, column 3: this cannot be a key (a number needs quotes)`,
    ],
    [
      'has a list for a key',
      '? [a]\n: 1',
      `${file}: line 1, column 3: this cannot be a key (a number needs quotes)`,
    ],
    [
      'has a key that is no key in JavaScript',
      'providers: { __proto__: { preset: fathom } }',
      `${file}: line 1, column 14: this cannot be a key (a number needs quotes)`,
    ],
  ])('is named when it %s', (_, yaml, expected) => {
    expect(report(yaml)).toEqual([expected, '1 problem in the configuration']);
  });

  it('lists every syntax error', () => {
    expect(report('a: [1\nb: "\\q"')).toEqual([
      `${file}: line 2, column 1: Flow sequence in block collection must be sufficiently indented and end with a ]`,
      `${file}: line 2, column 5: Invalid escape sequence \\q`,
      '2 problems in the configuration',
    ]);
  });
});

describe('a single mistake', () => {
  it.each([
    // The outermost keys.
    ['log_levl: info', 'log_levl: unknown key, did you mean "log_level"?'],
    [
      'colour: blue',
      'colour: unknown key, expected one of: listen_address, poll_interval, log_level, token_series_limit, incidents, notify, databases, providers, mail, cron',
    ],
    ['database_url: x', 'database_url: is read from the environment only: set DATABASE_URL there'],
    ['poll_interval: 30', `poll_interval: 30 is not a duration: ${duration}`],
    ['poll_interval: ', `poll_interval: an empty value is not a duration: ${duration}`],
    ['poll_interval: 999ms', 'poll_interval: must be from 1s to 1d'],
    ['log_level: verbose', 'log_level: must be one of debug, info, warn, error'],
    ['token_series_limit: 1.5', 'token_series_limit: must be a whole number from 0 to 1000000'],
    ['token_series_limit: -1', 'token_series_limit: must be a whole number from 0 to 1000000'],
    ['token_series_limit: 1000001', 'token_series_limit: must be a whole number from 0 to 1000000'],
    [
      'listen_address: 6749',
      'listen_address: 6749 is not an address: write host:port, [ipv6]:port, or :port for every interface',
    ],
    [
      'incidents: { group_wait: 30 }',
      `incidents.group_wait: 30 is not a duration: write 0s, or ${duration.replace('write ', '')}`,
    ],
    [
      'incidents: { update_interval: 0s }',
      `incidents.update_interval: "0s" is not a duration: ${duration}`,
    ],
    [
      'incidents: { open_after_polls: 0 }',
      'incidents.open_after_polls: must be a whole number from 1 to 10',
    ],
    ['incidents: { cliff_share: 0 }', 'incidents.cliff_share: must be a number above 0, at most 1'],
    [
      'incidents: { cliff_share: 1.01 }',
      'incidents.cliff_share: must be a number above 0, at most 1',
    ],
    [
      'incidents: { first_reminder: 25h }',
      'incidents: first_reminder must not be longer than longest_reminder',
    ],
    [
      'incidents: { group_wiat: 1m }',
      'incidents.group_wiat: unknown key, did you mean "group_wait"?',
    ],
    ['providers: []', 'providers: must be a map'],
    ['providers: {}', 'providers: must name at least one provider'],
    ['providers: ', 'providers: must be a map'],
    // A provider.
    [
      'providers: { Fathom: { preset: fathom } }',
      'providers.Fathom: a provider name is lower-case letters, digits, _ and -, a letter first',
    ],
    [
      'providers: { "my crm": { preset: fathom } }',
      'providers["my crm"]: a provider name is lower-case letters, digits, _ and -, a letter first',
    ],
    [
      'providers: { fathom: }',
      'providers.fathom: must be a map with a preset, or with a table and its columns',
    ],
    [
      'providers: { fathom: { preset: fathm } }',
      'providers.fathom.preset: there is no preset "fathm", did you mean "fathom"?',
    ],
    [
      'providers: { fathom: { preset: ../../demo } }',
      'providers.fathom.preset: there is no preset "../../demo", expected one of: fathom',
    ],
    [
      'providers: { fathom: { preset: fathom, columns: } }',
      'providers.fathom.columns: must be a map',
    ],
    [
      'providers: { fathom: { preset: fathom, columns: { id: } } }',
      `providers.fathom.columns.id: an empty value is not a column: ${column}`,
    ],
    [
      'providers: { fathom: { preset: fathom, columns: { has_refresh_token: h } } }',
      'providers.fathom.columns.has_refresh_token: stands in for refresh_token: map one of them and set the other to null',
    ],
    // Its columns and joins.
    [
      'providers: { crm: { table: t, columns: { id: id } } }',
      'providers.crm.columns.subject: is required',
    ],
    ['providers: { crm: { columns: { id: id, subject: s } } }', 'providers.crm.table: is required'],
    [
      'providers: { crm: { table: a.b.c, columns: { id: id, subject: s } } }',
      'providers.crm.table: "a.b.c" is not a table: write table or schema.table',
    ],
    [
      'providers: { crm: { table: t, columns: { id: 7, subject: s } } }',
      `providers.crm.columns.id: 7 is not a column: ${column}`,
    ],
    [
      'providers: { crm: { table: t, columns: { id: id, subject: "lower(email)" } } }',
      `providers.crm.columns.subject: "lower(email)" is not a column: ${column}`,
    ],
    [
      'providers: { crm: { table: t, columns: { id: id, subject: s, expiresAt: e } } }',
      'providers.crm.columns.expiresAt: unknown key, did you mean "expires_at"?',
    ],
    [
      'providers: { crm: { table: t, columns: { id: id, subject: s, active: org.active } } }',
      'providers.crm.columns.active: no join is named "org", none is defined',
    ],
    [
      withKeys('joins: { org: { table: o, on: { id: org_id } } }'),
      'providers.crm.joins.org: is never used: no column comes from it',
    ],
    [withKeys('joins: []'), 'providers.crm.joins: must be a map'],
    [
      withKeys('syncs: { last_success: [{ column: constructor.at }] }'),
      'providers.crm.syncs.last_success[0].column: no join is named "constructor", none is defined',
    ],
    // Its thresholds.
    [
      withKeys('expiring_soon: 0d'),
      `providers.crm.expiring_soon: "0d" is not a duration: ${duration}`,
    ],
    [
      withKeys('expiring_soon: 7d, declared_lifetime: 1d'),
      'providers.crm.expiring_soon: 7d is not shorter than declared_lifetime (1d), so every healthy token is EXPIRING SOON at all times',
    ],
    [
      withKeys('expiring_soon: 30s, declared_lifetime: 119s'),
      'providers.crm.declared_lifetime: 119s is shorter than four poll intervals (of 30s)',
    ],
    [
      withKeys('syncs: { last_success: [{ column: c }], stuck_after: 3d, overdue_after: 1d }'),
      'providers.crm.syncs.stuck_after: 3d is longer than overdue_after (1d)',
    ],
    [
      withKeys('syncs: { last_success: [{ column: c }], overdue_after: 9m }'),
      'providers.crm.syncs.stuck_after: 10m is longer than overdue_after (9m)',
    ],
    // Its syncs.
    [
      withKeys('syncs: { last_success: [] }'),
      'providers.crm.syncs.last_success: must list at least one sign of a successful sync',
    ],
    [withKeys('syncs: {}'), 'providers.crm.syncs.last_success: is required'],
    [
      withKeys('syncs: { last_success: [c] }'),
      'providers.crm.syncs.last_success[0]: must be a map',
    ],
    [
      withKeys('syncs: { last_success: [{ table: t, subject: s }] }'),
      'providers.crm.syncs.last_success[0].at: is required',
    ],
    [
      withKeys('syncs: { last_success: [{ column: c, table: t }] }'),
      'providers.crm.syncs.last_success[0].table: unknown key, expected one of: column',
    ],
    [
      withKeys('syncs: { last_success: [{ table: t, subject: s, at: a, where: { n: [1] } }] }'),
      'providers.crm.syncs.last_success[0].where.n[0]: must be text (put it in quotes)',
    ],
    [
      withKeys('syncs: { last_success: [{ table: t, subject: s, at: a, where: { n: x } }] }'),
      'providers.crm.syncs.last_success[0].where.n: must be a list',
    ],
    [
      withKeys('syncs: { last_success: [{ table: t, subject: s, at: a, optional: yes }] }'),
      'providers.crm.syncs.last_success[0].optional: must be true or false',
    ],
    [
      withKeys(
        'syncs: { last_success: [{ column: c }], running: { table: t, subject: a.b, at: a } }',
      ),
      'providers.crm.syncs.running.subject: "a.b" is not a name',
    ],
  ])('is reported alone: %s', (yaml, expected) => {
    expect(report(yaml)).toEqual([expected, '1 problem in the configuration']);
  });
});

describe('several mistakes', () => {
  it('are all reported, each at its place, the environment first', () => {
    const yaml = `
poll_intervall: 30s
log_level: loud
providers:
  google:
    table: google_integrations
    joins:
      org: { table: orgs, on: {} }
    columns:
      id: id
      subject: user_id
      expires_at: settings.expiry
      refresh_token: refresh_token
      has_refresh_token: has_refresh_token
    expiring_soon: 2h
    declared_lifetime: 1h
    syncs:
      last_success: [{ colum: synced_at }]
      stuck_after: 80h
  slack:
    preset: slack
    colums: {}
    expiring_soon: 1 week
  3com: {}
`;
    expect(report(yaml, { DATABASE_URL: '', LOG_LEVEL: 'chatty', POLL_INTERVAL: '20m' })).toEqual([
      'LOG_LEVEL: must be one of debug, info, warn, error',
      'DATABASE_URL: is required: set it to postgresql://user:password@host:5432/database, or DATABASE_URL_FILE to a file that holds that; `oauth-token-exporter demo` needs no database',
      'log_level: must be one of debug, info, warn, error',
      'poll_intervall: unknown key, did you mean "poll_interval"?',
      'providers.google.joins.org.on: must name at least one pair of columns',
      'providers.google.syncs.last_success[0].column: is required',
      'providers.google.syncs.last_success[0].colum: unknown key, did you mean "column"?',
      'providers.google.columns.expires_at: no join is named "settings", expected one of: org',
      'providers.google.joins.org: is never used: no column comes from it',
      'providers.google.columns.has_refresh_token: stands in for refresh_token: map one of them and set the other to null',
      'providers.google.syncs.stuck_after: 80h is longer than overdue_after (72h)',
      'providers.google.expiring_soon: 2h is not shorter than declared_lifetime (1h), so every healthy token is EXPIRING SOON at all times',
      'providers.google.declared_lifetime: 1h is shorter than four poll intervals (of 20m)',
      'providers.slack.preset: there is no preset "slack", expected one of: fathom',
      `providers.slack.expiring_soon: "1 week" is not a duration: ${duration}`,
      'providers.slack.colums: unknown key, did you mean "columns"?',
      'providers.3com: a provider name is lower-case letters, digits, _ and -, a letter first',
      'providers.3com.table: is required',
      'providers.3com.columns: is required',
      '19 problems in the configuration',
    ]);
  });

  it('are reported for the environment even when the file cannot be read', () => {
    expect(report('- x', { POLL_INTERVAL: '12h', LOG_LEVEL: 'x' })).toEqual([
      'LOG_LEVEL: must be one of debug, info, warn, error',
      `${file}: must be a map of keys, such as providers:`,
      '2 problems in the configuration',
    ]);
  });
});

describe('whatever a file says', () => {
  const keys = fc.constantFrom(
    ...Object.keys(fileSchema.shape),
    ...Object.keys(providerSchema.shape),
    ...Object.keys(providerSchema.shape.columns.shape),
    ...['last_success', 'running', 'on', 'where', 'column', 'fathom', 'constructor', '__proto__'],
  );
  const words = fc.constantFrom('fathom', 't', 'a.b', 'org.id', '7d', '1s', '', 'constructor.x');
  const { value } = fc.letrec<{ value: unknown }>((tie) => ({
    value: fc.oneof(
      { maxDepth: 6, withCrossShrink: true },
      words,
      fc.oneof(fc.constant(null), fc.boolean(), fc.integer()),
      fc.array(tie('value'), { maxLength: 3 }),
      fc.dictionary(keys, tie('value'), { maxKeys: 6 }),
    ),
  }));

  it('is either accepted or answered with problems, and never makes loading throw', () => {
    fc.assert(
      fc.property(fc.dictionary(keys, value), value, (settings, crm) => {
        const loaded = loadYaml(JSON.stringify({ ...settings, providers: { crm } }));
        const said = loaded.ok ? loaded.config.providers : loaded.problems;
        expect(said).not.toEqual([]);
      }),
      { numRuns: 500 },
    );
  });
});

describe('formatPath', () => {
  it.each([
    [['providers', 'fathom', 'columns', 'expires_at'], 'providers.fathom.columns.expires_at'],
    [['syncs', 'last_success', 0, 'at'], 'syncs.last_success[0].at'],
    [['providers', 'a.b\n'], 'providers["a.b\\n"]'],
    [['POLL_INTERVAL'], 'POLL_INTERVAL'],
    [['postgresql://user:password@host'], '[the value]'],
  ])('writes %j', (path, expected) => {
    expect(formatPath(path)).toBe(expected);
  });
});
