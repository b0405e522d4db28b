import { rootCertificates } from 'node:tls';
import { afterEach, describe, expect, it, vi } from 'vitest';
import pg from 'pg';
import { planConnection } from '../../src/database/connection-options.js';
import { mainDatabase } from './main-database.js';
import { createAuthority } from './certificates.js';

function plan(url: string, ca: string | null = null) {
  const planned = planConnection({ ...mainDatabase, url, ca });
  if (!planned.ok) throw new Error(planned.problem);
  return planned;
}

function problemOf(url: string) {
  const planned = planConnection({ ...mainDatabase, url, ca: null });
  return planned.ok ? null : planned.problem;
}

const verified = { rejectUnauthorized: true };
const unverified = { rejectUnauthorized: false };

describe('TLS', () => {
  it.each([
    // A host on the network: verified TLS unless the URL says otherwise.
    ['db.example.com/app', verified],
    ['db.example.com:6543/app', verified],
    ['192.0.2.7/app', verified],
    ['[2001:db8::7]/app', verified],
    ['[::ffff:127.0.0.1]/app', verified],
    ['localhost.example.com/app', verified],
    ['127.example.com/app', verified],
    ['0.0.0.0/app', verified],
    ['db.example.com/app?ssl=true', verified],
    ['db.example.com/app?ssl=false', verified],
    ['db.example.com/app?sslmode=prefer', verified],
    ['db.example.com/app?sslmode=require', verified],
    ['db.example.com/app?sslmode=verify-full', verified],
    ['db.example.com/app?sslmode=require&uselibpqcompat=true', verified],
    ['db.example.com/app?sslmode=require&channel_binding=require', verified],
    ['localhost/app?host=db.example.com', verified],
    ['db.example.com/app?sslmode=no-verify', unverified],
    ['db.example.com/app?sslmode=disable', false],
    // Loopback and sockets: plain unless the URL asks for TLS.
    ['localhost/app', false],
    ['127.0.0.1:5433/app', false],
    ['127.9.8.7/app', false],
    ['[::1]:5433/app', false],
    ['/app', false],
    ['%2Fvar%2Frun%2Fpostgresql/app', false],
    ['/app?host=/var/run/postgresql', false],
    ['localhost/app?sslmode=prefer', false],
    ['localhost/app?sslmode=disable', false],
    ['localhost/app?sslmode=require', verified],
    ['localhost/app?ssl=true', verified],
    ['localhost/app?sslmode=no-verify', unverified],
  ])('to %s', (rest, ssl) => {
    expect(plan(`postgres://reader@${rest}`).client.ssl).toEqual(ssl);
  });

  it('does not compare the host name with sslmode=verify-ca, and still verifies', () => {
    const { ssl } = plan('postgres://reader@db.example.com/app?sslmode=verify-ca').client;
    expect(ssl).toMatchObject(verified);
    const { checkServerIdentity } = ssl as { checkServerIdentity: () => unknown };
    expect(checkServerIdentity()).toBeUndefined();
  });

  it('trusts DATABASE_CA in addition to the public authorities', () => {
    const ca = createAuthority('Authority of a test').certificatePem;
    expect(plan('postgres://reader@db.example.com/app', ca).client.ssl).toEqual({
      rejectUnauthorized: true,
      ca: [...rootCertificates, ca],
    });
  });

  it('without verification is a warning', () => {
    expect(plan('postgres://reader@db.example.com/app?sslmode=no-verify').warnings).toEqual([
      expect.stringContaining('anyone can pose as the database'),
    ]);
    expect(plan('postgres://reader@db.example.com/app').warnings).toEqual([]);
  });

  it.each([
    ['sslmode=allow', 'sslmode must be disable, no-verify, require, verify-ca or verify-full'],
    ['sslmode=', 'sslmode must be disable, no-verify, require, verify-ca or verify-full'],
    ['sslmode=REQUIRE', 'sslmode must be disable, no-verify, require, verify-ca or verify-full'],
    ['sslrootcert=/no/such.crt', "the certificate file of sslrootcert can't be read (ENOENT)"],
    ['sslrootcert=/', "the certificate file of sslrootcert can't be read (EISDIR)"],
    ['sslcert=/c.crt', 'client certificates (sslcert, sslkey) are not supported'],
    ['sslkey=/c.key', 'client certificates (sslcert, sslkey) are not supported'],
  ])('can not be planned with %s', (parameter, problem) => {
    expect(problemOf(`postgres://reader:planted@db.example.com/app?${parameter}`)).toBe(problem);
  });
});

describe('the target', () => {
  it.each([
    ['postgres://u:p@db.example.com:6543/app', 'db.example.com', 6543, 'u', 'app'],
    ['postgres://u:p@db.example.com/app', 'db.example.com', 5432, 'u', 'app'],
    ['postgres://u:p@db.example.com', 'db.example.com', 5432, 'u', 'u'],
    ['postgres://db.example.com/app', 'db.example.com', 5432, 'postgres', 'app'],
    ['postgres:///app', 'localhost', 5432, 'postgres', 'app'],
    ['postgres://u@[2001:db8::7]:6543/app', '2001:db8::7', 6543, 'u', 'app'],
    ['postgres://u@%2Fvar%2Frun/app', '/var/run', 5432, 'u', 'app'],
    ['postgres://u@/app?host=/var/run&port=6543', '/var/run', 6543, 'u', 'app'],
    [
      'postgres://postgres.ref:p@pooler.example.com/x',
      'pooler.example.com',
      5432,
      'postgres.ref',
      'x',
    ],
    ['postgresql://a%40b:p@h.example.com/d%20b', 'h.example.com', 5432, 'a@b', 'd b'],
  ])('of %s', (url, host, port, user, database) => {
    const named = { name: null, setting: 'DATABASE_URL' };
    expect(plan(url).target).toEqual({ host, port, user, database, ...named });
    expect(plan(url).client).toMatchObject({ host, port, user, database });
  });

  it('decodes a password of special characters, and keeps it out of the target', () => {
    const planned = plan('postgres://u:p%40%3A%2F%23%3Fp@db.example.com/app?sslmode=require');
    expect(planned.client.password).toBe('p@:/#?p');
    expect(JSON.stringify(planned.target)).not.toContain('p@:');
  });
});

describe('what the environment says to other programs', () => {
  afterEach(() => vi.unstubAllEnvs());

  it('does not lead a URL without a host anywhere but to this machine', () => {
    vi.stubEnv('PGHOST', 'db.example.com');
    vi.stubEnv('PGPORT', '6543');
    vi.stubEnv('PGUSER', 'eve');
    const { client, target } = plan('postgres:///app');
    const { host, port, user } = new pg.Client(client);
    expect({ host, port, user }).toEqual({ host: 'localhost', port: 5432, user: 'postgres' });
    expect(target).toMatchObject({ host: 'localhost', port: 5432 });
  });
});
