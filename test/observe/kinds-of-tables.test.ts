import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { observeTokenList } from '../../src/observe/observe-token-list.js';
import {
  createDatabase,
  describeOnEachServer,
  testServer17,
  type TestDatabase,
} from '../support/postgres.js';
import { createPoller } from './poller.js';
import { emptySchema } from './reference-rows.js';

let database: TestDatabase;
beforeEach(() => emptySchema(database));

/** Polls `table`, whose columns are called as usual unless `columns` says otherwise. */
async function pollTable(table: string, columns = 'id: id, subject: id, expires_at: expires_at') {
  const yaml = `providers: { app: { table: ${table}, columns: { ${columns} } } }`;
  const poller = createPoller(database.url, { yaml });
  const { providers } = await poller.poll();
  const listing = await observeTokenList(poller.database, poller.config.providers, Date.now);
  await poller.close();
  const listed = listing.providers[0]?.tokens;
  return {
    source: poller.source('app:tokens'),
    tokens: providers.get('app')?.tokens ?? null,
    listed: listed?.known ? listed.value : null,
  };
}

const plainTable = 'CREATE TABLE tokens (id text, expires_at timestamptz)';
const twoRows = `INSERT INTO tokens VALUES ('a', now() - interval '1 day'), ('b', now() + interval '30 days')`;

describeOnEachServer('a source of tokens', (server) => {
  beforeAll(async () => {
    database = await createDatabase(server);
  });
  afterAll(() => database.drop());

  it.each([
    ['a table', `${plainTable}; ${twoRows}`],
    [
      'a view',
      `CREATE TABLE base (id text, expires_at timestamptz);
       CREATE VIEW tokens AS SELECT * FROM base; ${twoRows}`,
    ],
    [
      'a materialized view',
      `CREATE MATERIALIZED VIEW tokens AS SELECT v.* FROM (VALUES
         ('a', now() - interval '1 day'), ('b', now() + interval '30 days')) AS v(id, expires_at)`,
    ],
    [
      'a partitioned table',
      `CREATE TABLE tokens (id text, expires_at timestamptz) PARTITION BY LIST (id);
       CREATE TABLE tokens_a PARTITION OF tokens FOR VALUES IN ('a');
       CREATE TABLE tokens_rest PARTITION OF tokens DEFAULT; ${twoRows}`,
    ],
    [
      'a table with children',
      `${plainTable}; CREATE TABLE child () INHERITS (tokens);
       INSERT INTO child VALUES ('a', now() - interval '1 day');
       INSERT INTO tokens VALUES ('b', now() + interval '30 days')`,
    ],
    ['an unlogged table', `${plainTable.replace('TABLE', 'UNLOGGED TABLE')}; ${twoRows}`],
  ])('may be %s', async (_, sql) => {
    await database.query(sql);
    const { source, tokens, listed } = await pollTable('tokens');
    expect(source).toMatchObject({ state: 'ok', up: true, notes: [] });
    expect(tokens?.active).toEqual({ valid: 1, expiring_soon: 0, expired: 1, unknown: 0 });
    expect(tokens?.mostUrgent.map(({ id }) => id)).toEqual(['a', 'b']);
    expect(listed?.map(({ id }) => id)).toEqual(['a', 'b']);
  });

  it('is missing where the name belongs to something that holds no rows', async () => {
    await database.query('CREATE SEQUENCE tokens');
    expect((await pollTable('tokens')).source).toMatchObject({ state: 'missing', up: false });
  });

  it('may be empty, which is zero and not unknown', async () => {
    await database.query(plainTable);
    const { source, tokens } = await pollTable('tokens');
    expect(source).toMatchObject({ state: 'ok', up: true });
    expect(tokens).toMatchObject({
      total: 0,
      active: { valid: 0, expiring_soon: 0, expired: 0, unknown: 0 },
      earliestExpiresAtMs: null,
      mostUrgent: [],
    });
  });
});

describe('a name', () => {
  beforeAll(async () => {
    database = await createDatabase(testServer17);
  });
  afterAll(() => database.drop());

  it.each([
    ['in mixed case', 'public', 'OAuthTokens', 'tokenId'],
    ['that is a word of SQL', 'public', 'user', 'select'],
    ['of another alphabet', 'schlüssel', 'ключи', 'идентификатор'],
    ['with a dollar sign', 'public', 'tok$ens', 'id$'],
    ['as long as a name may be', 'public', 't'.repeat(63), 'i'.repeat(63)],
  ])('%s is taken as it is', async (_, schema, table, id) => {
    await database.query(`
      CREATE SCHEMA IF NOT EXISTS "${schema}";
      DROP TABLE IF EXISTS "${schema}"."${table}";
      CREATE TABLE "${schema}"."${table}" ("${id}" text, "ExpiresAt" timestamptz);
      INSERT INTO "${schema}"."${table}" VALUES ('a', now() - interval '1 day')`);
    const { source, tokens } = await pollTable(
      `${schema}.${table}`,
      `id: "${id}", subject: "${id}", expires_at: ExpiresAt`,
    );
    expect(source).toMatchObject({ state: 'ok', up: true });
    expect(tokens?.active.expired).toBe(1);
  });

  it('with a quote in it stays a name, also where the configuration would not let it pass', async () => {
    const table = `to"ken's; DROP TABLE x; --`;
    const quoted = `"${table.replaceAll('"', '""')}"`;
    await database.query(`CREATE TABLE ${quoted} ("i""d" text, "at'" timestamptz)`);
    await database.query(`INSERT INTO ${quoted} VALUES ('a', now())`);
    const poller = createPoller(database.url);
    const [fathom] = poller.config.providers;
    const name = (column: string) => ({ join: null, column });
    const tokens = {
      ...fathom!.tokens,
      table,
      columns: {
        ...fathom!.tokens.columns,
        id: name('i"d'),
        subject: name('i"d'),
        expiresAt: name(`at'`),
        active: null,
        account: null,
        createdAt: null,
      },
    };
    const listing = await observeTokenList(
      poller.database,
      [{ ...fathom!, tokens, syncs: null }],
      Date.now,
    );
    await poller.close();
    expect(listing.providers[0]?.tokens).toMatchObject({ known: true, value: [{ id: 'a' }] });
  });
});

describe('an id', () => {
  beforeAll(async () => {
    database = await createDatabase(testServer17);
  });
  afterAll(() => database.drop());

  it.each([
    ['text', `'a b "c" \\n'`, 'a b "c" \\n'],
    ['bigint', '9223372036854775807', '9223372036854775807'],
    ['uuid', `'00000000-0000-0000-0000-00000000000A'`, '00000000-0000-0000-0000-00000000000a'],
    ['integer', '-7', '-7'],
  ])('of type %s is read as text', async (type, literal, expected) => {
    await database.query(`CREATE TABLE tokens (id ${type}, expires_at timestamptz);
      INSERT INTO tokens VALUES (${literal}, now())`);
    expect((await pollTable('tokens')).tokens?.mostUrgent[0]?.id).toBe(expected);
  });

  it('that is missing or not unique costs its own series, never the counts', async () => {
    await database.query(`${plainTable}; INSERT INTO tokens
      VALUES (NULL, now() - interval '3 days'), ('twice', now() - interval '2 days'),
             ('twice', now() - interval '1 day'), ('once', now() + interval '1 day')`);
    const { tokens, listed } = await pollTable('tokens');
    expect(tokens).toMatchObject({ total: 4, active: { expired: 3, expiring_soon: 1 } });
    expect(tokens?.mostUrgent.map(({ id }) => id)).toEqual(['twice', 'twice', 'once']);
    expect(listed?.map(({ id }) => id)).toEqual([null, 'twice', 'twice', 'once']);
  });
});

describe('is_active', () => {
  beforeAll(async () => {
    database = await createDatabase(testServer17);
  });
  afterAll(() => database.drop());
  afterEach(() => database.query('DROP TABLE tokens'));

  it.each([
    ['boolean', 1, 1],
    ['boolean DEFAULT true', 1, 1],
    ['boolean DEFAULT false', 0, 2],
    ['boolean GENERATED ALWAYS AS (id < 2) STORED', 1, 1],
  ])('%s', async (type, active, inactive) => {
    await database.query(`CREATE TABLE tokens (id int, is_active ${type})`);
    const values = type.includes('GENERATED')
      ? '(1, DEFAULT), (2, DEFAULT)'
      : '(1, NULL), (2, false)';
    await database.query(`INSERT INTO tokens VALUES ${values}`);
    const { tokens } = await pollTable('tokens', 'id: id, subject: id, active: is_active');
    expect(tokens?.active.unknown).toBe(active);
    expect(tokens?.inactive.unknown).toBe(inactive);
  });
});
