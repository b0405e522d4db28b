import { randomUUID } from 'node:crypto';
import { openPool } from '../../src/database/open-pool.js';
import { startDelivery } from '../../src/notify/deliver-outbox.js';
import { noLinks } from './notices.js';

/** Delivers from a database to a webhook until it is killed: `<database> <webhook> <leaseMs>`. */
const [database = '', webhook = '', leaseMs = ''] = process.argv.slice(2);

startDelivery(
  {
    pool: openPool(
      { connectionString: database },
      { connectTimeoutMs: 5_000, onIdleError: () => undefined },
    ),
    config: {
      webhooks: [{ name: 'slack', url: webhook }],
      routes: [],
      accounts: 'masked',
      mention: null,
      links: noLinks,
      heartbeatUrl: null,
    },
    pace: { spacingMs: 50, leaseMs: Number(leaseMs) },
    owner: randomUUID(),
    monotonicMs: () => performance.now(),
    listener: {
      onDelivered: () => undefined,
      onLogged: () => undefined,
      onFailure: () => undefined,
      onRefused: () => undefined,
      onGivenUp: () => undefined,
      onOutbox: () => undefined,
      onTrouble: (message, error) => {
        process.stderr.write(`${message}: ${String(error)}\n`);
      },
    },
  },
  () => true,
);
