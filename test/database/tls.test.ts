import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { EmbeddedServer } from '../../src/demo/embedded-postgres.js';
import { testServer17 } from '../support/postgres.js';
import { createAuthority } from './certificates.js';
import { changeUrl, connect } from './connect.js';
import { startTlsPostgres } from './tls-postgres.js';

const authority = createAuthority('Authority of a test');
const ca = authority.certificatePem;

describe('a database whose certificate a private authority signed for "localhost"', () => {
  let server: EmbeddedServer;
  beforeAll(async () => {
    server = await startTlsPostgres(authority.issue(['localhost']));
  });
  afterAll(() => server.stop());

  it.each(['verify-full', 'verify-ca', 'require'])(
    'is reached over TLS with sslmode=%s and DATABASE_CA',
    async (sslmode) => {
      const url = changeUrl(server.url(), { host: 'localhost', sslmode });
      expect(await connect(url, { ca })).toEqual({ tls: true });
    },
  );

  it('is reached with the authority in sslrootcert as well', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'sslrootcert-'));
    const sslrootcert = join(folder, 'ca.crt');
    await writeFile(sslrootcert, ca);
    const url = changeUrl(server.url(), { host: 'localhost', sslmode: 'verify-full', sslrootcert });
    expect(await connect(url)).toEqual({ tls: true });
    await rm(folder, { recursive: true });
  });

  it.each(['verify-full', 'verify-ca', 'require'])(
    'is not reached with sslmode=%s alone, and DATABASE_CA is named as the remedy',
    async (sslmode) => {
      const url = changeUrl(server.url(), { host: 'localhost', sslmode });
      const failure = await connect(url);
      expect(failure).toEqual({
        reason: 'tls',
        message: `the certificate of localhost:${server.port} is signed by an authority this machine does not know`,
        remedy:
          "set DATABASE_CA to the authority's certificate " +
          '(Supabase: Project Settings > Database > SSL Configuration)',
      });
    },
  );

  it('is not reached with the certificate of another authority', async () => {
    const url = changeUrl(server.url(), { host: 'localhost', sslmode: 'verify-full' });
    const other = createAuthority('Another authority').certificatePem;
    expect(await connect(url, { ca: other })).toMatchObject({ reason: 'tls' });
  });

  it('is not reached under another name, unless the name is not compared', async () => {
    const url = (sslmode: string) => changeUrl(server.url(), { host: '127.0.0.1', sslmode });
    expect(await connect(url('verify-full'), { ca })).toEqual({
      reason: 'tls',
      message: `the certificate of 127.0.0.1:${server.port} belongs to another host name`,
      remedy:
        'use the host name that the certificate names, or sslmode=verify-ca with DATABASE_CA ' +
        'if the name cannot match',
    });
    expect(await connect(url('verify-ca'), { ca })).toEqual({ tls: true });
  });

  it('is reached unverified with sslmode=no-verify, and without TLS with disable', async () => {
    const url = (sslmode: string) => changeUrl(server.url(), { sslmode });
    expect(await connect(url('no-verify'))).toEqual({ tls: true });
    expect(await connect(url('disable'))).toEqual({ tls: false });
  });
});

describe('a database that accepts only TLS', () => {
  let server: EmbeddedServer;
  beforeAll(async () => {
    const certificate = authority.issue(['127.0.0.1'], ['200101', '200201']);
    server = await startTlsPostgres(certificate, { required: true });
  });
  afterAll(() => server.stop());

  it('says so to a connection without', async () => {
    expect(await connect(changeUrl(server.url(), { sslmode: 'disable' }))).toEqual({
      reason: 'tls',
      message: `127.0.0.1:${server.port} accepts only connections with TLS`,
      remedy: 'say sslmode=verify-full in DATABASE_URL',
    });
  });

  it('is not reached with a certificate that has expired', async () => {
    const url = changeUrl(server.url(), { sslmode: 'verify-full' });
    expect(await connect(url, { ca })).toEqual({
      reason: 'tls',
      message: `the certificate of 127.0.0.1:${server.port} is not valid today`,
      remedy: "renew the database's certificate, or mend the clock of this machine",
    });
  });
});

it('a database without TLS that must have it is not reached', async () => {
  const url = changeUrl(testServer17.url(), { sslmode: 'require' });
  const failure = await connect(url);
  expect(failure).toMatchObject({
    reason: 'tls',
    message: `127.0.0.1:${new URL(url).port} does not offer TLS`,
  });
  expect(failure).toHaveProperty('remedy', expect.stringContaining('sslmode=disable'));
});

it('a port that speaks something else is no database', async () => {
  const server = createServer().listen(0, '127.0.0.1');
  await expect.poll(() => server.listening).toBe(true);
  const { port } = server.address() as AddressInfo;
  const url = `postgres://u@127.0.0.1:${port}/db`;
  expect(await connect(`${url}?sslmode=require`)).toMatchObject({
    reason: 'tls',
    remedy: 'check that the port is that of Postgres or its pooler, and its TLS settings',
  });
  expect(await connect(url)).toMatchObject({ reason: 'unreachable' });
  server.close();
});
