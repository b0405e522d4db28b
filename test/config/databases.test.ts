import { describe, expect, it } from 'vitest';
import { loadFrom } from './load-from.js';

const own = 'postgresql://reader@localhost/app';
const billing = 'postgresql://reader@localhost/billing';
const table = 'table: t, columns: { id: id, subject: s }';
const file = (databases: string, ...providers: string[]) =>
  `databases: ${databases}\nproviders:\n${providers.map((each, at) => `  p${String(at)}: { ${each}, ${table} }\n`).join('')}`;
const named = "{ billing: { url: '${BILLING_URL}' } }";

function load(yaml: string, env: NodeJS.ProcessEnv, files: Record<string, string> = {}) {
  return loadFrom({ 'oauth-token-exporter.yaml': yaml, ...files }, env);
}

function problems(yaml: string, env: NodeJS.ProcessEnv): string[] {
  const loaded = load(yaml, env);
  return loaded.ok ? [] : loaded.problems.map(({ path, message }) => `${path}: ${message}`);
}

describe('databases', () => {
  it('are those that providers name, that of DATABASE_URL first, and the memory is in it', () => {
    const yaml = file(named, 'database: billing', 'declared_lifetime: 1d');
    const loaded = load(yaml, { DATABASE_URL: own, BILLING_URL: billing });
    expect(loaded).toMatchObject({
      ok: true,
      config: {
        databases: [
          { name: 'default', setting: 'DATABASE_URL', url: own, ca: null },
          { name: 'billing', setting: 'BILLING_URL', url: billing, ca: null },
        ],
        providers: [{ database: 'billing' }, { database: 'default' }],
        cron: { database: 'default' },
        state: { database: { url: own } },
      },
    });
  });

  it('need no DATABASE_URL where nothing is in it', () => {
    const yaml = file(named, 'database: billing');
    const loaded = load(
      yaml,
      { BILLING_URL_FILE: 'url', STATE_DATABASE_URL: own },
      { url: billing },
    );
    expect(loaded).toMatchObject({
      ok: true,
      config: {
        databases: [{ name: 'billing', url: billing }],
        // Nobody has spoken of jobs, and no tokens are where they would be.
        cron: null,
        state: { database: { setting: 'STATE_DATABASE_URL', url: own } },
      },
    });
  });

  it.each<[string, string, NodeJS.ProcessEnv, string]>([
    [
      'a provider names one that is not there',
      file(named, 'database: biling', 'database: billing'),
      { BILLING_URL: billing, DATABASE_URL: own },
      'providers.p0.database: no database is named "biling", did you mean "billing"?',
    ],
    [
      'nobody uses it',
      file(named, 'declared_lifetime: 1d'),
      { BILLING_URL: billing, DATABASE_URL: own },
      'databases.billing: is never used: name it as the database of a provider, or remove it',
    ],
    [
      'its variable is not set',
      file(named, 'database: billing'),
      { DATABASE_URL: own },
      'databases.billing.url: names BILLING_URL, which is not set in the environment',
    ],
    [
      'its variable holds no URL',
      file(named, 'database: billing'),
      { DATABASE_URL: own, BILLING_URL: 'secret-word' },
      'BILLING_URL: must be a URL such as postgresql://user:password@host:5432/database, the special characters of user name and password percent-encoded (@ is %40, : is %3A, / is %2F, # is %23)',
    ],
    [
      'the file holds the URL itself',
      file(`{ billing: { url: '${billing}' } }`, 'database: billing'),
      { DATABASE_URL: own },
      'databases.billing.url: must name the environment variable that holds the URL, such as ${BILLING_DATABASE_URL}',
    ],
    [
      'its authority is not there',
      file("{ billing: { url: '${BILLING_URL}', ca: ca.pem } }", 'database: billing'),
      { DATABASE_URL: own, BILLING_URL: billing },
      'databases.billing.ca: cannot read ca.pem: no such file',
    ],
    [
      'the memory is nowhere',
      file(named, 'database: billing'),
      { BILLING_URL: billing },
      "STATE_DATABASE_URL: is required where DATABASE_URL is not set: set it to the database that is to hold the exporter's memory",
    ],
    [
      'jobs are asked for where there is no database',
      `cron: { jobs: [a] }\n${file(named, 'database: billing')}`,
      { BILLING_URL: billing, STATE_DATABASE_URL: own },
      'DATABASE_URL: is required: set it to postgresql://user:password@host:5432/database, or DATABASE_URL_FILE to a file that holds that; `oauth-token-exporter demo` needs no database',
    ],
  ])('say so when %s', (_, yaml, env, problem) => {
    expect(problems(yaml, env)).toEqual([problem]);
  });
});
