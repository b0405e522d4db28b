import { createDatabase } from '../support/postgres.js';
import type { TestDatabase, TestServer } from '../support/postgres.js';
import { createPoller, referenceSchema } from './poller.js';
import type { Poller } from './poller.js';

/** The reference schema whose tokens may have no expiry, and a poller of it. */
export interface TimelessTokens {
  readonly database: TestDatabase;
  readonly poller: Poller;
  readonly close: () => Promise<void>;
}

export async function openTimelessTokens(server: TestServer): Promise<TimelessTokens> {
  const database = await createDatabase(server);
  await database.query(referenceSchema);
  await database.query('ALTER TABLE fathom_integrations ALTER token_expires_at DROP NOT NULL');
  const poller = createPoller(database.url);
  return {
    database,
    poller,
    async close() {
      await poller.close();
      await database.drop();
    },
  };
}
