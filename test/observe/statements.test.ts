import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import type { Pool } from 'pg';
import { inspect } from '../../src/observe/inspect.js';
import { observeTokenList } from '../../src/observe/observe-token-list.js';
import {
  createDatabase,
  createRole,
  testServer17,
  type TestDatabase,
} from '../support/postgres.js';
import { otherShapes, rowsOfEveryShape } from './every-shape.js';
import { createPoller, everyShape, referenceSchema, type Poller } from './poller.js';

/** A statement as it was handed to the driver. */
interface Statement {
  readonly text: string;
  readonly name: string | undefined;
  readonly values: readonly unknown[];
}

const statements: Statement[] = [];

/** Writes down all that the pool's connections send. */
function record(pool: Pool) {
  pool.on('connect', (client) => {
    const send = client.query.bind(client) as (...args: unknown[]) => unknown;
    const recorded = (...args: unknown[]) => {
      const [query, values] = args;
      const { text, name } = (typeof query === 'string' ? { text: query } : query) as Statement;
      statements.push({ text, name, values: Array.isArray(values) ? values : [] });
      return send(...args);
    };
    Object.assign(client, { query: recorded });
  });
}

let database: TestDatabase;
let poller: Poller;
beforeAll(async () => {
  database = await createDatabase(testServer17);
  await database.query(`${referenceSchema}; ${otherShapes}; ${rowsOfEveryShape}`);
  poller = createPoller(database.url, { yaml: everyShape, onPool: record });
});
afterAll(async () => {
  await poller.close();
  await database.drop();
});
beforeEach(() => {
  statements.length = 0;
});

/** Everything that reads: a poll, the list of `status`, the look of `doctor`. */
async function readEverything() {
  const read = [
    [...(await poller.poll()).providers],
    await poller.observe(),
    await observeTokenList(poller.database, poller.config.providers, Date.now),
    await inspect(poller.database, poller.config, Date.now),
  ];
  return read;
}

it('no statement names a secret column, or every column', async () => {
  await readEverything();
  const all = statements.map(({ text }) => text).join('\n');
  expect(all).toContain('token_expires_at');
  expect(all).toContain('notion_integrations_secrets');
  expect(all).not.toMatch(/access_token|refresh_token/);
  expect(all).not.toMatch(/SELECT\s+(\w+\.)?\*\s+FROM\s+(?!unnest)/i);
  // The catalog is asked for tables, never for a column by name.
  const values = JSON.stringify(statements.map((statement) => statement.values));
  expect(values).not.toMatch(/access_token|refresh_token/);
});

it('no secret is in anything that was read', async () => {
  const [secret] = await database.query('SELECT access_token FROM slack_integrations LIMIT 1');
  expect(JSON.stringify(secret)).toContain('planted-access');

  const everything = JSON.stringify(await readEverything(), (_, value: unknown) =>
    value instanceof Map || value instanceof Set ? [...value] : value,
  );
  expect(everything).toContain('4@example.com');
  expect(everything).not.toContain('planted');
});

it('every statement is unnamed, and only a transaction that reads is ever begun', async () => {
  await readEverything();
  expect(statements.map(({ name }) => name).filter((name) => name !== undefined)).toEqual([]);
  const begun = statements.filter(({ text }) => /^\s*BEGIN/.test(text));
  expect(begun.length).toBeGreaterThan(3);
  for (const { text } of begun) expect(text).toMatch(/REPEATABLE READ READ ONLY/);
  // Of settings only those that end with the transaction.
  for (const { text } of statements) expect(text).not.toMatch(/\bSET (?!LOCAL)/);
});

it('a poll compares with bound instants, not with now() of every row', async () => {
  await poller.poll();
  const counting = statements.filter(({ text }) => /expires_at <|last_success_at/.test(text));
  expect(counting.length).toBeGreaterThan(5);
  for (const { text, values } of counting) {
    expect(text).not.toContain('now()');
    expect(values).not.toEqual([]);
  }
});

it('all of it works for a role that may read no secret at all', async () => {
  const role = await createRole(database, 'BYPASSRLS');
  await database.query(`
    GRANT SELECT (id, user_id, token_expires_at, is_active, fathom_user_email, created_at, last_sync_at)
      ON fathom_integrations TO ${role.name};
    GRANT SELECT (id, user_id, expires_at, is_active, email, token_status)
      ON google_integrations TO ${role.name};
    GRANT SELECT (org_id, token_expires_at) ON hubspot_org_credentials TO ${role.name};
    GRANT SELECT ON hubspot_org_integrations, notion_integrations, cron_job_logs, fathom_sync_state,
      meetings, webhook_events TO ${role.name};
    GRANT SELECT (integration_id) ON notion_integrations_secrets TO ${role.name};
    GRANT SELECT (id, user_id, team_name, is_active) ON slack_integrations TO ${role.name}`);
  const restricted = createPoller(role.url, { yaml: everyShape });
  const { complete, sources } = await restricted.poll();
  await restricted.close();
  expect(complete).toBe(true);
  const unread = [...sources.values()].filter(({ state }) => state !== 'ok');
  expect(unread.map(({ name, state }) => `${name} ${state}`)).toEqual([
    'cron:jobs absent',
    'cron:runs absent',
    'cron:http_responses absent',
  ]);
});
