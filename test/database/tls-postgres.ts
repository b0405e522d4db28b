import { chown, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startEmbeddedPostgres, type EmbeddedServer } from '../../src/demo/embedded-postgres.js';
import { findServerAccount } from '../../src/demo/postgres-account.js';
import type { Certificate } from './certificates.js';

/** Starts a PostgreSQL that offers TLS with this certificate; with `required` it accepts nothing else. */
export async function startTlsPostgres(
  { certificatePem, keyPem }: Certificate,
  { required = false } = {},
): Promise<EmbeddedServer> {
  const folder = await mkdtemp(join(tmpdir(), 'tls-postgres-'));
  const files = {
    ssl_cert_file: [join(folder, 'server.crt'), certificatePem],
    ssl_key_file: [join(folder, 'server.key'), keyPem],
    ...(required && {
      hba_file: [join(folder, 'pg_hba.conf'), 'hostssl all all 127.0.0.1/32 scram-sha-256\n'],
    }),
  } as const;
  const account = await findServerAccount();
  for (const [path, content] of Object.values(files)) {
    await writeFile(path, content, { mode: 0o600 });
    if (account) await chown(path, account.uid, account.gid);
  }
  if (account) await chown(folder, account.uid, account.gid);

  const paths = Object.entries(files).map(([setting, [path]]) => [setting, path] as const);
  const server = await startEmbeddedPostgres({
    settings: { ssl: 'on', ...Object.fromEntries(paths) },
  });
  return {
    ...server,
    async stop() {
      await server.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
