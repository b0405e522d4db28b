import { rootCertificates } from 'node:tls';
import { describe, expect, it } from 'vitest';
import { complete, loadFrom } from './load-from.js';

const certificate = rootCertificates[0] ?? '';
const anotherCertificate = rootCertificates[1] ?? '';

/** The configuration, which is expected to load. */
function configFrom(files: Record<string, string>, env: NodeJS.ProcessEnv) {
  const loaded = loadFrom(files, env);
  if (!loaded.ok) throw new Error(JSON.stringify(loaded.problems));
  return loaded.config;
}

function problemsFrom(files: Record<string, string>, env: NodeJS.ProcessEnv) {
  const loaded = loadFrom(files, env);
  return loaded.ok ? [] : loaded.problems.map(({ path, message }) => `${path}: ${message}`);
}

describe('environment', () => {
  it('has a default for everything but the database', () => {
    expect(configFrom({}, complete)).toMatchObject({
      databases: [
        { name: 'default', setting: 'DATABASE_URL', url: complete.DATABASE_URL, ca: null },
      ],
      listen: { host: '127.0.0.1', port: 6749 },
      pollIntervalMs: 30_000,
      logLevel: 'info',
      tokenSeriesLimit: 1000,
    });
  });

  it('wins over the file, which wins over the defaults', () => {
    const files = {
      'c.yaml': 'poll_interval: 1m\nlog_level: warn\nlisten_address: ":1"\ntoken_series_limit: 0\n',
    };
    const env = { ...complete, CONFIG_FILE: 'c.yaml' };
    expect(configFrom(files, env)).toMatchObject({
      listen: { host: '', port: 1 },
      pollIntervalMs: 60_000,
      logLevel: 'warn',
      tokenSeriesLimit: 0,
    });
    const overrides = { POLL_INTERVAL: '1s', LOG_LEVEL: 'debug', LISTEN_ADDRESS: '[::1]:2' };
    expect(configFrom(files, { ...env, ...overrides })).toMatchObject({
      listen: { host: '::1', port: 2 },
      pollIntervalMs: 1_000,
      logLevel: 'debug',
    });
  });

  it('takes an empty variable for an unset one', () => {
    const empty = {
      DATABASE_URL_FILE: '',
      DATABASE_CA: '',
      DATABASE_CA_FILE: '',
      CONFIG_FILE: '',
      LISTEN_ADDRESS: '',
      POLL_INTERVAL: '',
      LOG_LEVEL: '',
      STATE_DATABASE_URL: '',
      REFRESH_MODE: '',
      JOURNAL_KEY: '',
      ADMIN_HOSTS: '',
      FATHOM_CLIENT_ID: '',
    };
    // Each has a working directory of its own, in which the journal would be.
    const set = { ...complete, JOURNAL_DIR: '/var/lib/journal' };
    expect(configFrom({}, { ...set, ...empty })).toEqual(configFrom({}, set));
  });

  it.each([
    ['nothing', ''],
    ['a line end', '\n'],
    ['a Windows line end', '\r\n'],
  ])('reads a secret from a file that ends with %s', (_, ending) => {
    const files = { url: `${complete.DATABASE_URL}${ending}` };
    expect(configFrom(files, { DATABASE_URL_FILE: 'url' }).databases[0]?.url).toBe(
      complete.DATABASE_URL,
    );
  });

  it.each([
    ['as text', { DATABASE_CA: certificate }],
    ['as the path of a file', { DATABASE_CA: './ca.pem' }],
    ['as a file of its own variable', { DATABASE_CA_FILE: 'ca.pem' }],
  ])('takes a certificate %s', (_, env) => {
    const files = { 'ca.pem': `${certificate}\n` };
    expect(configFrom(files, { ...complete, ...env }).databases[0]?.ca).toBe(certificate);
  });

  it('takes several certificates', () => {
    const bundle = `${certificate}\n${anotherCertificate}`;
    expect(configFrom({}, { ...complete, DATABASE_CA: bundle }).databases[0]?.ca).toBe(bundle);
  });

  it.each<[string, NodeJS.ProcessEnv, string[]]>([
    [
      'the database is missing',
      {},
      [
        'DATABASE_URL: is required: set it to postgresql://user:password@host:5432/database, or DATABASE_URL_FILE to a file that holds that; `oauth-token-exporter demo` needs no database',
      ],
    ],
    [
      'a variable is set twice',
      { ...complete, DATABASE_URL_FILE: 'url' },
      ['DATABASE_URL: is set, and so is DATABASE_URL_FILE: set only one of them'],
    ],
    [
      'a file is not there',
      { DATABASE_URL_FILE: '/nowhere/url', DATABASE_CA: 'ca.pem', CONFIG_FILE: 'c.yaml' },
      [
        'DATABASE_URL_FILE: cannot read /nowhere/url: no such file',
        'DATABASE_CA: cannot read ca.pem: no such file',
        'CONFIG_FILE: cannot read c.yaml: no such file',
      ],
    ],
    [
      'a file is a directory',
      { ...complete, DATABASE_CA_FILE: '/' },
      ['DATABASE_CA_FILE: cannot read /: it is a directory'],
    ],
    ['a file is empty', { DATABASE_URL_FILE: 'empty' }, ['DATABASE_URL_FILE: empty is empty']],
    [
      'a certificate is none',
      { ...complete, DATABASE_CA_FILE: 'junk' },
      ['DATABASE_CA: holds no certificate (PEM: -----BEGIN CERTIFICATE-----)'],
    ],
    [
      'the URL is for another database',
      { DATABASE_URL: 'mysql://reader@localhost/app' },
      [
        'DATABASE_URL: must be a URL such as postgresql://user:password@host:5432/database, the special characters of user name and password percent-encoded (@ is %40, : is %3A, / is %2F, # is %23)',
      ],
    ],
    [
      'everything else is wrong at once',
      { ...complete, LISTEN_ADDRESS: '6749', POLL_INTERVAL: '999ms', LOG_LEVEL: 'INFO' },
      [
        'LISTEN_ADDRESS: "6749" is not an address: write host:port, [ipv6]:port, or :port for every interface',
        'POLL_INTERVAL: must be from 1s to 1d',
        'LOG_LEVEL: must be one of debug, info, warn, error',
      ],
    ],
    [
      'the interval is a day and a second',
      { ...complete, POLL_INTERVAL: '86401s' },
      [
        'POLL_INTERVAL: must be from 1s to 1d',
        'providers.fathom.declared_lifetime: 24h is shorter than four poll intervals (of 86401s)',
      ],
    ],
    [
      'the interval has no unit',
      { ...complete, POLL_INTERVAL: '30' },
      [
        'POLL_INTERVAL: "30" is not a duration: write a whole number and its unit (ms, s, m, h, d or w), such as 15m',
      ],
    ],
  ])('says so when %s', (_, env, expected) => {
    const files = { url: complete.DATABASE_URL, empty: '\n', junk: 'no certificate here\n' };
    expect(problemsFrom(files, env)).toEqual(expected);
  });
});

describe('secrets', () => {
  const secret = 'planted-marker';
  const url = `postgresql://reader:${secret}/@${secret}.example.org:${secret}/${secret}`;

  it.each<[string, NodeJS.ProcessEnv]>([
    ['a URL that cannot be read', { DATABASE_URL: url }],
    ['a URL of another protocol', { DATABASE_URL: `mysql://reader:${secret}@localhost` }],
    ['no URL at all', { DATABASE_URL: secret }],
    ['a file with a URL that cannot be read', { DATABASE_URL_FILE: 'url' }],
    ['a URL where its file belongs', { DATABASE_URL_FILE: url }],
    ['the same URL twice', { DATABASE_URL: url, DATABASE_URL_FILE: url }],
    [
      'a URL in every other variable',
      {
        DATABASE_CA: url,
        CONFIG_FILE: url,
        LISTEN_ADDRESS: url,
        POLL_INTERVAL: url,
        LOG_LEVEL: url,
      },
    ],
    [
      'a private key where a certificate belongs',
      {
        DATABASE_CA: `-----BEGIN something-----\n${secret}\n-----END something-----`,
      },
    ],
    ['a file that is no certificate', { DATABASE_CA_FILE: 'url' }],
    ['a certificate where its file belongs', { DATABASE_CA_FILE: `-----BEGIN\n${secret}` }],
    ['YAML with a secret where the syntax breaks', { CONFIG_FILE: 'broken.yaml' }],
    ['YAML with a secret under an unknown key', { CONFIG_FILE: 'wrong.yaml' }],
  ])('stay out of the problems: %s', (_, env) => {
    const files = {
      url,
      'broken.yaml': `password: !${secret} x\nurl: *${secret}\n- "${secret}\n@${secret}: 1\n`,
      'wrong.yaml': `database_url: ${url}\npassword: ${secret}\npoll_interval: ${url}\nproviders: { a: ${secret}, b: { table: "${url}", preset: "${url}" } }\n`,
    };
    const problems = problemsFrom(files, env);
    expect(problems).not.toEqual([]);
    expect(problems.join('\n')).not.toContain(secret);
  });
});

describe('ADMIN_HOSTS', () => {
  it('is a list of names, none unless set', () => {
    expect(configFrom({}, complete).adminHosts).toEqual([]);
    const env = { ...complete, ADMIN_HOSTS: 'Tokens.example, exporter_1.monitoring.svc' };
    expect(configFrom({}, env).adminHosts).toEqual(['tokens.example', 'exporter_1.monitoring.svc']);
  });

  it.each(['https://tokens.example', 'tokens.example:6749', 'a b', '*.example', 'a,,b', '-a'])(
    'holds names only, not "%s"',
    (ADMIN_HOSTS) => {
      const problems = problemsFrom({}, { ...complete, ADMIN_HOSTS });
      expect(problems).toEqual([
        expect.stringMatching(/^ADMIN_HOSTS.*must be names of hosts without scheme and port/),
      ]);
    },
  );
});
