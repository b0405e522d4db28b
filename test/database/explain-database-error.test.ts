import { describe, expect, it } from 'vitest';
import {
  DatabaseError,
  explainDatabaseError,
  pollFailureReasons,
} from '../../src/database/explain-database-error.js';

const target = {
  host: 'db.example.com',
  port: 5432,
  user: 'reader',
  database: 'app',
  name: null,
  setting: 'DATABASE_URL',
};
const where = 'db.example.com:5432';

/** An error as Node or Postgres make it. */
function failure(message: string, code?: string, address?: string): Error {
  return Object.assign(new Error(message), code && { code }, address && { address });
}

const refused = (address: string) =>
  failure(`connect ECONNREFUSED ${address}:5432`, 'ECONNREFUSED', address);
const noRoute = (address: string, code = 'ENETUNREACH') =>
  failure(`connect ${code} ${address}:5432 - Local (:::0)`, code, address);
const timedOut = (address: string) =>
  failure(`connect ETIMEDOUT ${address}:5432`, 'ETIMEDOUT', address);
const notFound = (host: string) => failure(`getaddrinfo ENOTFOUND ${host}`, 'ENOTFOUND');

const unknownAuthority = `the certificate of ${where} is signed by an authority this machine does not know`;
const noTime = `${where} did not answer in time`;

describe('explainDatabaseError', () => {
  it.each([
    // TLS
    [
      'tls',
      failure('self-signed certificate in certificate chain', 'SELF_SIGNED_CERT_IN_CHAIN'),
      unknownAuthority,
    ],
    ['tls', failure('self-signed certificate', 'DEPTH_ZERO_SELF_SIGNED_CERT'), unknownAuthority],
    [
      'tls',
      failure('unable to verify the first certificate', 'UNABLE_TO_VERIFY_LEAF_SIGNATURE'),
      unknownAuthority,
    ],
    [
      'tls',
      failure('unable to get local issuer certificate', 'UNABLE_TO_GET_ISSUER_CERT_LOCALLY'),
      unknownAuthority,
    ],
    [
      'tls',
      failure("Hostname/IP does not match certificate's altnames", 'ERR_TLS_CERT_ALTNAME_INVALID'),
      `the certificate of ${where} belongs to another host name`,
    ],
    [
      'tls',
      failure('certificate has expired', 'CERT_HAS_EXPIRED'),
      `the certificate of ${where} is not valid today`,
    ],
    [
      'tls',
      failure('certificate is not yet valid', 'CERT_NOT_YET_VALID'),
      `the certificate of ${where} is not valid today`,
    ],
    ['tls', failure('The server does not support SSL connections'), `${where} does not offer TLS`],
    [
      'tls',
      failure('There was an error establishing an SSL connection'),
      `no TLS connection to ${where} could be made (handshake failed)`,
    ],
    [
      'tls',
      failure('write EPROTO 0A00010B:SSL routines::wrong version number', 'EPROTO'),
      `no TLS connection to ${where} could be made (EPROTO)`,
    ],
    [
      'tls',
      failure('wrong version number', 'ERR_SSL_WRONG_VERSION_NUMBER'),
      `no TLS connection to ${where} could be made (ERR_SSL_WRONG_VERSION_NUMBER)`,
    ],
    [
      'tls',
      failure(
        'no pg_hba.conf entry for host "192.0.2.1", user "reader", database "app", no encryption',
        '28000',
      ),
      `${where} accepts only connections with TLS`,
    ],
    ['tls', failure('SSL required', '08P01'), `${where} accepts only connections with TLS`],
    // Authentication
    [
      'authentication',
      failure('Tenant or user not found', 'XX000'),
      `the pooler at ${where} does not know the user "reader"`,
    ],
    [
      'authentication',
      failure('password authentication failed for user "reader"', '28P01'),
      `${where} refused the user "reader"`,
    ],
    [
      'authentication',
      failure(
        'no pg_hba.conf entry for host "192.0.2.1", user "reader", database "app", SSL encryption',
        '28000',
      ),
      `${where} refused the user "reader"`,
    ],
    [
      'authentication',
      failure('SASL authentication failed', '08P01'),
      `${where} refused the user "reader"`,
    ],
    ['authentication', failure('no such user', '08P01'), `${where} refused the user "reader"`],
    [
      'authentication',
      failure('SASL: SCRAM-SERVER-FIRST-MESSAGE: client password must be a string'),
      `${where} wants a password and DATABASE_URL has none`,
    ],
    [
      'authentication',
      failure('database "app" does not exist', '3D000'),
      `${where} has no database "app"`,
    ],
    [
      'authentication',
      failure('database "app" does not exist', '08P01'),
      `${where} has no database "app"`,
    ],
    ['authentication', failure('no such database: app', '08P01'), `${where} has no database "app"`],
    // Unreachable
    [
      'unreachable',
      failure('sorry, too many clients already', '53300'),
      `${where} has no connection left`,
    ],
    [
      'unreachable',
      failure('Max client connections reached', 'XX000'),
      `${where} has no connection left`,
    ],
    ['unreachable', notFound('db.example.com'), 'the host name db.example.com has no address here'],
    [
      'unreachable',
      failure('getaddrinfo EAI_AGAIN db.example.com', 'EAI_AGAIN'),
      'the host name db.example.com has no address here',
    ],
    ['unreachable', noRoute('192.0.2.7'), `there is no route to ${where}`],
    ['unreachable', noRoute('192.0.2.7', 'EHOSTUNREACH'), `there is no route to ${where}`],
    [
      'unreachable',
      noRoute('2001:db8::7'),
      `there is no route to ${where} (it seems to have only an IPv6 address)`,
    ],
    [
      'unreachable',
      noRoute('2001:db8::7', 'EADDRNOTAVAIL'),
      `there is no route to ${where} (it seems to have only an IPv6 address)`,
    ],
    ['unreachable', refused('192.0.2.7'), `nothing listens at ${where}`],
    [
      'unreachable',
      failure('connect ENOENT /var/run/postgresql/.s.PGSQL.5432', 'ENOENT'),
      `nothing listens at ${where}`,
    ],
    [
      'unreachable',
      failure('the database system is starting up', '57P03'),
      `${where} is starting or shutting down`,
    ],
    [
      'unreachable',
      failure('terminating connection due to administrator command', '57P01'),
      `the connection to ${where} failed: terminating connection due to administrator command (57P01)`,
    ],
    [
      'unreachable',
      failure('Connection terminated unexpectedly'),
      `the connection to ${where} failed: Connection terminated unexpectedly`,
    ],
    [
      'unreachable',
      failure('read ECONNRESET', 'ECONNRESET'),
      `the connection to ${where} failed: read ECONNRESET`,
    ],
    [
      'unreachable',
      failure('server login has been failing, try again later', '08P01'),
      `the connection to ${where} failed: server login has been failing, try again later (08P01)`,
    ],
    ['unreachable', undefined, `the connection to ${where} failed: no reason given`],
    // Timeouts
    ['timeout', failure('canceling statement due to statement timeout', '57014'), noTime],
    ['timeout', failure('canceling statement due to lock timeout', '55P03'), noTime],
    [
      'timeout',
      failure('terminating connection due to idle-in-transaction timeout', '25P03'),
      noTime,
    ],
    ['timeout', timedOut('192.0.2.7'), noTime],
    ['timeout', failure('Connection terminated due to connection timeout'), noTime],
    ['timeout', failure('timeout exceeded when trying to connect'), noTime],
    // Several addresses of one host, tried in turn
    [
      'unreachable',
      new AggregateError([refused('::1'), refused('127.0.0.1')]),
      `nothing listens at ${where}`,
    ],
    ['timeout', new AggregateError([timedOut('192.0.2.7'), noRoute('2001:db8::7')]), noTime],
    [
      'unreachable',
      new AggregateError([noRoute('2001:db8::7'), refused('192.0.2.7')]),
      `nothing listens at ${where}`,
    ],
    [
      'unreachable',
      new AggregateError([noRoute('2001:db8::7'), noRoute('2001:db8::8')]),
      `there is no route to ${where} (it seems to have only an IPv6 address)`,
    ],
    ['unreachable', new AggregateError([]), `the connection to ${where} failed: no reason given`],
    // Ours
    [
      'internal',
      new TypeError('x is not a function'),
      'a fault of the exporter itself: x is not a function',
    ],
    [
      'internal',
      new RangeError('Invalid time value'),
      'a fault of the exporter itself: Invalid time value',
    ],
    [
      'internal',
      new ReferenceError('x is not defined'),
      'a fault of the exporter itself: x is not defined',
    ],
  ])('%s: %s', (reason, error, message) => {
    const explained = explainDatabaseError(error, target);
    expect(explained).toMatchObject({ reason, message });
    expect(explained.remedy).not.toBe('');
    expect(pollFailureReasons).toContain(explained.reason);
  });

  it.each([
    notFound('db.abcdefghijklmnopqrst.supabase.co'),
    noRoute('2001:db8::7'),
    new AggregateError([noRoute('2001:db8::7')]),
  ])("sends who uses Supabase's direct host without IPv6 to the pooler: %s", (error) => {
    const supabase = { ...target, host: 'db.abcdefghijklmnopqrst.supabase.co' };
    expect(explainDatabaseError(error, supabase).remedy).toBe(
      "Supabase's direct host has only an IPv6 address: use the pooler's host " +
        '(…pooler.supabase.com) and the user postgres.<project-ref>',
    );
  });

  it.each([
    [notFound('db.example.com'), 'check the host in DATABASE_URL and the DNS of this machine'],
    [noRoute('192.0.2.7'), 'check the network between this machine and the database'],
    [
      noRoute('2001:db8::7'),
      'give this machine IPv6, or use an address of the database that it can reach',
    ],
  ])('does not speak of Supabase elsewhere: %s', (error, remedy) => {
    expect(explainDatabaseError(error, target).remedy).toBe(remedy);
  });

  it("names the pooler's user name where the pooler does not know it", () => {
    const error = failure('Tenant or user not found', 'XX000');
    expect(explainDatabaseError(error, target).remedy).toContain('postgres.<project-ref>');
  });
});

it('a DatabaseError says what is wrong and what to do, and keeps its cause', () => {
  const cause = refused('127.0.0.1');
  const error = new DatabaseError(explainDatabaseError(cause, target), { cause });
  expect(error.message).toBe(
    `nothing listens at ${where}; start the database, or check host and port in DATABASE_URL`,
  );
  expect(error.cause).toBe(cause);
});
