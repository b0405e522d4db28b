import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { tokenStatuses, type TokenStatus } from '../../src/assess/token-status.js';
import { observeTokenList } from '../../src/observe/observe-token-list.js';
import {
  createDatabase,
  createRole,
  describeOnEachServer,
  testServer17,
  type TestDatabase,
} from '../support/postgres.js';
import { countsOfEveryShape, otherShapes, rowsOfEveryShape } from './every-shape.js';
import { createPoller, everyShape, referenceSchema, type Poller } from './poller.js';
import { emptySchema } from './reference-rows.js';

let database: TestDatabase;
let poller: Poller;
afterEach(() => poller.close());

async function createShapes() {
  await emptySchema(database);
  await database.query(`${referenceSchema}; ${otherShapes}; ${rowsOfEveryShape}`);
  poller = createPoller(database.url, { yaml: everyShape });
}

const inOrder = (counts: Readonly<Record<TokenStatus, number>>) =>
  tokenStatuses.map((status) => counts[status]);

describeOnEachServer('every shape of token table', (server) => {
  beforeAll(async () => {
    database = await createDatabase(server);
  });
  afterAll(() => database.drop());
  beforeEach(createShapes);

  it('is read and counted, several providers in one poll', async () => {
    const { complete, providers } = await poller.poll();
    expect(complete).toBe(true);
    expect(
      Object.fromEntries(
        [...providers].map(([name, { tokens }]) => [
          name,
          { active: inOrder(tokens!.active), inactive: inOrder(tokens!.inactive) },
        ]),
      ),
    ).toEqual(countsOfEveryShape);
  });

  it('is listed', async () => {
    const { providers } = await observeTokenList(
      poller.database,
      poller.config.providers,
      Date.now,
    );
    const listed = Object.fromEntries(
      providers.map(({ provider, tokens }) => [provider.name, tokens.known ? tokens.value : []]),
    );
    expect(listed['hubspot']).toMatchObject([
      { id: 'south', subject: 'south', account: null, active: false, appStatus: null },
      { id: 'north', subject: 'north', active: true },
      { id: 'west', subject: 'west', active: false },
    ]);
    expect(listed['google']?.[0]).toMatchObject({ expiresAtMs: null, appStatus: 'valid' });
    expect(listed['google']?.at(-1)).toMatchObject({ account: '4@example.com', active: true });
    expect(listed['notion']?.map(({ id }) => id)).toEqual(['1', '3', '2']);
    expect(listed['slack']?.map(({ account }) => account).sort()).toEqual(['one', 'three', 'two']);
  });
});

describe('a join', () => {
  beforeAll(async () => {
    database = await createDatabase(testServer17);
  });
  afterAll(() => database.drop());
  beforeEach(createShapes);

  const hubspot = () => poller.source('hubspot:tokens');

  it('that may match several rows has drifted, for it would count tokens twice', async () => {
    await database.query(`
      ALTER TABLE hubspot_org_integrations DROP CONSTRAINT hubspot_org_integrations_pkey;
      CREATE INDEX ON hubspot_org_integrations (org_id)`);
    await poller.poll();
    expect(hubspot()).toMatchObject({
      state: 'drifted',
      up: false,
      reason:
        'the join "org" may match several rows: public.hubspot_org_integrations has no unique index on org_id',
    });
    expect(poller.source('google:tokens')?.state).toBe('ok');
  });

  it.each([
    ['UNIQUE INDEX ON hubspot_org_integrations (org_id)', 'ok'],
    ['UNIQUE INDEX ON hubspot_org_integrations (org_id) INCLUDE (is_active)', 'ok'],
    ['UNIQUE INDEX ON hubspot_org_integrations (org_id, is_active)', 'drifted'],
    ['UNIQUE INDEX ON hubspot_org_integrations (org_id) WHERE is_active', 'drifted'],
    ['UNIQUE INDEX ON hubspot_org_integrations (lower(org_id))', 'drifted'],
  ])('over a %s is %s', async (index, state) => {
    await database.query(
      'ALTER TABLE hubspot_org_integrations DROP CONSTRAINT hubspot_org_integrations_pkey',
    );
    await database.query(`CREATE ${index}`);
    await poller.poll();
    expect(hubspot()?.state).toBe(state);
  });

  it('to a view is taken at its word', async () => {
    await database.query(`
      ALTER TABLE hubspot_org_integrations RENAME TO base;
      CREATE VIEW hubspot_org_integrations AS SELECT * FROM base`);
    await poller.poll();
    expect(hubspot()?.state).toBe('ok');
  });

  it('to a table that is gone, or that lacks the column of a fact, is unknown', async () => {
    await database.query('ALTER TABLE hubspot_org_integrations RENAME is_active TO enabled');
    await poller.poll();
    expect(hubspot()).toMatchObject({
      state: 'drifted',
      reason: 'public.hubspot_org_integrations has no column is_active',
    });
    await database.query('DROP TABLE hubspot_org_integrations');
    await poller.poll();
    expect(hubspot()).toMatchObject({ state: 'missing', up: false });
  });

  it('to rows that are hidden is hidden, for whether a token is active would be made up', async () => {
    const role = await createRole(database);
    await database.query(`
      GRANT SELECT ON hubspot_org_credentials, hubspot_org_integrations TO ${role.name};
      ALTER TABLE hubspot_org_integrations ENABLE ROW LEVEL SECURITY`);
    const restricted = createPoller(role.url, { yaml: everyShape });
    const { providers } = await restricted.poll();
    expect(restricted.source('hubspot:tokens')).toMatchObject({ state: 'hidden', up: false });
    expect(providers.get('hubspot')?.tokens).toBeNull();

    await database.query(restricted.source('hubspot:tokens')!.remedy!);
    await restricted.poll();
    expect(restricted.source('hubspot:tokens')?.state).toBe('ok');
    await restricted.close();
  });

  it('to a table of secrets compares keys and needs no more than them', async () => {
    const role = await createRole(database);
    await database.query(`
      GRANT SELECT (id, user_id, token_expires_at, is_active) ON notion_integrations TO ${role.name};
      GRANT SELECT (integration_id) ON notion_integrations_secrets TO ${role.name}`);
    const restricted = createPoller(role.url, { yaml: everyShape });
    const { providers } = await restricted.poll();
    expect(restricted.source('notion:tokens')).toMatchObject({ state: 'ok', notes: [] });
    expect(providers.get('notion')?.tokens?.total).toBe(3);
    await restricted.close();
  });
});
