import { readFileSync } from 'node:fs';
import { rootCertificates } from 'node:tls';
import type { ConnectionOptions as TlsOptions } from 'node:tls';
import type { ClientConfig } from 'pg';
import { parse } from 'pg-connection-string';
import { defaultDatabase } from '../config/config.js';
import type { DatabaseConfig } from '../config/config.js';

/** Where a connection goes: what an error message may say of it. Never holds the password. */
export interface DatabaseTarget {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly database: string;
  /** As the configuration names it; null: it is the only one, or that of DATABASE_URL. */
  readonly name: string | null;
  /** The environment variable that holds the URL. */
  readonly setting: string;
}

export type ConnectionPlan =
  | {
      readonly ok: true;
      readonly client: ClientConfig;
      readonly target: DatabaseTarget;
      readonly warnings: readonly string[];
    }
  | { readonly ok: false; readonly problem: string };

/**
 * Turns a database URL into what `pg` needs, and decides about TLS.
 *
 * A host that is neither loopback nor a socket is only reached over TLS with a verified
 * certificate, unless the URL says `sslmode=disable`: tokens and passwords cross that wire.
 * `sslmode` is read here because `pg` gives `require` another meaning than libpq does.
 * Errors name the parameter, never the URL.
 */
export function planConnection(config: DatabaseConfig): ConnectionPlan {
  const [base = '', queryText = ''] = config.url.split(/\?(.*)/s, 2);
  const query = new URLSearchParams(queryText);
  const sslMode = query.get('sslmode') ?? (query.get('ssl') === 'true' ? 'verify-full' : null);
  const caPath = query.get('sslrootcert');
  if (query.has('sslcert') || query.has('sslkey')) {
    return { ok: false, problem: 'client certificates (sslcert, sslkey) are not supported' };
  }
  for (const name of ['sslmode', 'ssl', 'sslrootcert', 'uselibpqcompat']) query.delete(name);

  const parsed = parse(query.size === 0 ? base : `${base}?${query.toString()}`);
  // What the URL leaves out is decided here: `pg` would look into PGHOST, PGUSER and PGPORT, and a
  // host from there has not passed our decision about TLS.
  const user = given(parsed.user) ?? 'postgres';
  const target: DatabaseTarget = {
    host: given(parsed.host) ?? 'localhost',
    port: Number(given(parsed.port) ?? 5432),
    user,
    database: given(parsed.database) ?? user,
    name: config.name === defaultDatabase ? null : config.name,
    setting: config.setting,
  };

  const tls = planTls(sslMode, isLocal(target.host), () => {
    const fromUrl = caPath === null ? [] : [readFileSync(caPath, 'utf8')];
    return config.ca === null ? fromUrl : [...fromUrl, config.ca];
  });
  if (!tls.ok) return tls;

  return {
    ok: true,
    target,
    warnings: tls.warnings,
    client: {
      host: target.host,
      port: target.port,
      user: target.user,
      database: target.database,
      password: parsed.password,
      ssl: tls.ssl,
      application_name: 'oauth-token-exporter',
      keepAlive: true,
    },
  };
}

function given(part: string | null | undefined): string | null {
  return part === undefined || part === '' ? null : part;
}

type TlsPlan =
  | {
      readonly ok: true;
      readonly ssl: TlsOptions | false;
      readonly warnings: readonly string[];
    }
  | { readonly ok: false; readonly problem: string };

function planTls(sslMode: string | null, local: boolean, readCa: () => string[]): TlsPlan {
  switch (sslMode) {
    case 'disable':
      return { ok: true, ssl: false, warnings: [] };
    case 'no-verify':
      return {
        ok: true,
        ssl: { rejectUnauthorized: false },
        warnings: [
          'sslmode=no-verify: the connection is encrypted, but anyone can pose as the database; ' +
            'use sslmode=verify-full with DATABASE_CA',
        ],
      };
    case null:
    case 'prefer':
      if (local) return { ok: true, ssl: false, warnings: [] };
      break;
    case 'require':
    case 'verify-ca':
    case 'verify-full':
      break;
    default:
      return {
        ok: false,
        problem: 'sslmode must be disable, no-verify, require, verify-ca or verify-full',
      };
  }
  try {
    const ca = readCa();
    return {
      ok: true,
      warnings: [],
      ssl: {
        rejectUnauthorized: true,
        ...(ca.length > 0 && { ca: [...rootCertificates, ...ca] }),
        ...(sslMode === 'verify-ca' && { checkServerIdentity: () => undefined }),
      },
    };
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? 'unreadable';
    return { ok: false, problem: `the certificate file of sslrootcert can't be read (${code})` };
  }
}

/** True for what never leaves this machine: loopback addresses and Unix sockets. */
function isLocal(host: string): boolean {
  return (
    host.startsWith('/') ||
    host === 'localhost' ||
    host === '::1' ||
    /^127\.\d+\.\d+\.\d+$/.test(host)
  );
}
