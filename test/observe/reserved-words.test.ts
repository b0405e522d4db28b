import { afterAll, beforeAll, expect, it } from 'vitest';
import { grantSelect } from '../../src/observe/readable-table.js';
import { reservedWords } from '../../src/observe/reserved-words.js';
import { createDatabase, describeOnEachServer, type TestDatabase } from '../support/postgres.js';

describeOnEachServer('names in statements to paste', (server) => {
  let database: TestDatabase;
  beforeAll(async () => {
    database = await createDatabase(server);
  });
  afterAll(() => database.drop());

  it('knows every word that this server reserves', async () => {
    const reserved = await database.query<{ word: string }>(
      "SELECT word FROM pg_get_keywords() WHERE catcode <> 'U'",
    );
    expect(reserved.length).toBeGreaterThan(70);
    expect(reserved.filter(({ word }) => !reservedWords.has(word))).toEqual([]);
  });

  it('quotes them, so that the statement can be pasted', async () => {
    await database.query('CREATE TABLE "order" (id int, "user" text, "end" timestamptz)');
    const grant = grantSelect(
      { schema: 'public', table: 'order' },
      ['id', 'user', 'end'],
      'public',
    );
    expect(grant).toContain('GRANT SELECT (id, "user", "end") ON public."order" TO public;');
    await database.query(grant);
  });
});
