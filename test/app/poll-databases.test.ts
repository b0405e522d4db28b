import { expect, it } from 'vitest';
import { firstReadMs } from '../../src/app/poll-databases.js';
import { defaultDatabase } from '../../src/config/config.js';
import { loadYaml } from '../config/load-from.js';

const table = 'table: tokens, columns: { id: id, subject: id, expires_at: expires_at }';
const databaseUrl = 'postgresql://reader@localhost/billing';
const yaml = `
databases:
  billing: { url: '\${BILLING_DATABASE_URL}' }
providers:
  own: { ${table} }
  hubspot: { ${table} }
  stripe: { database: billing, ${table} }
`;

it.each([
  ['30s', 'billing', 3_000],
  ['30s', defaultDatabase, 1_500],
  ['1s', 'billing', 100],
  ['10m', 'billing', 6_000],
])(
  'large tables are first read for a tenth of what a poll may take: of %s, in %s, %s ms each',
  (POLL_INTERVAL, database, expected) => {
    const loaded = loadYaml(yaml, { POLL_INTERVAL, BILLING_DATABASE_URL: databaseUrl });
    if (!loaded.ok) throw new Error(JSON.stringify(loaded.problems));
    expect(firstReadMs(loaded.config, database)).toBe(expected);
  },
);
