import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { doctor } from '../../src/commands/doctor.js';
import { exitCode } from '../../src/commands/exit-code.js';
import { status } from '../../src/commands/status.js';
import { findFreePort } from '../support/free-port.js';
import { createDatabase, testServer17 } from '../support/postgres.js';
import type { TestDatabase } from '../support/postgres.js';
import { capture } from './captured-command.js';

const columns = 'table: tokens, columns: { id: id, subject: id, expires_at: expires_at }';
const yaml = `
databases:
  billing: { url: '\${BILLING_URL}' }
  dead: { url: '\${DEAD_URL}' }
providers:
  own: { ${columns} }
  stripe: { database: billing, ${columns} }
  hubspot: { database: dead, ${columns} }
`;

describe('commands on providers in several databases, one of them away', () => {
  let own: TestDatabase;
  let billing: TestDatabase;
  let directory: string;
  let env: NodeJS.ProcessEnv;
  beforeAll(async () => {
    own = await createDatabase(testServer17);
    billing = await createDatabase(testServer17);
    for (const [database, id] of [
      [own, 'mine'],
      [billing, 'theirs'],
    ] as const) {
      await database.query(`CREATE TABLE tokens (id text PRIMARY KEY, expires_at timestamptz);
        INSERT INTO tokens VALUES ('${id}', now() + interval '1 day')`);
    }
    directory = await mkdtemp(join(tmpdir(), 'several-databases-'));
    await writeFile(join(directory, 'config.yaml'), yaml);
    env = {
      DATABASE_URL: own.url,
      BILLING_URL: billing.url,
      DEAD_URL: `postgresql://reader@127.0.0.1:${String(await findFreePort())}/dead`,
      CONFIG_FILE: join(directory, 'config.yaml'),
    };
  });
  afterAll(async () => {
    await own.drop();
    await billing.drop();
    await rm(directory, { recursive: true });
  });
  const list = {
    json: false,
    status: null,
    failOn: null,
    calendar: false,
    accounts: 'masked',
  } as const;

  it('status lists the others, and names the one that is away', async () => {
    const { code, stdout, stderr } = await capture(env, (context) =>
      status(context, { ...list, provider: null }),
    );
    expect(stdout).toMatch(/own +mine[^]*stripe +theirs/);
    expect(stderr).toContain('hubspot: nothing listens at dead (127.0.0.1:');
    expect(stderr).toContain('check host and port in DEAD_URL');
    expect(code).toBe(exitCode.unknown);
  });

  it('status of one provider asks its own database only', async () => {
    const { code, stdout, stderr } = await capture(env, (context) =>
      status(context, { ...list, provider: 'stripe' }),
    );
    expect(stdout).toContain('theirs');
    expect({ code, stderr }).toEqual({ code: exitCode.fine, stderr: '' });
  });

  it('doctor looks at each, and counts the one that is away as a problem', async () => {
    const { code, stdout } = await capture(env, (context) => doctor(context, false));
    expect(stdout).toContain('database: connected to billing (127.0.0.1:');
    expect(stdout).toContain('PROBLEM  database: nothing listens at dead (127.0.0.1:');
    expect(stdout).toContain('ok       stripe:tokens: 1 active and 0 inactive tokens');
    expect(code).toBe(exitCode.no);
  });
});
