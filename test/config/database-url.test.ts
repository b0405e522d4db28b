import { describe, expect, it } from 'vitest';
import { isDatabaseUrl } from '../../src/config/database-url.js';

describe('isDatabaseUrl', () => {
  it.each([
    ['the usual form', 'postgresql://reader:word@db.example.org:5432/app'],
    ['the short protocol', 'postgres://reader@db.example.org/app'],
    ['no user, no port, no database', 'postgresql://localhost'],
    ['an IPv6 address', 'postgresql://reader@[::1]:5432/app'],
    [
      'the user name of a pooler',
      'postgresql://postgres.ref:word@pooler.example.org:6543/postgres',
    ],
    ['a socket, with a user', 'postgresql://reader@/app?host=/var/run/postgresql'],
    ['a socket, without a user', 'postgresql:///app?host=/var/run/postgresql'],
    ['a socket in place of the host', 'postgresql://%2Fvar%2Frun%2Fpostgresql/app'],
    ['an encoded password', 'postgresql://reader:p%40ss%2Fword@localhost/app'],
    ['a stray percent sign, which the driver accepts', 'postgresql://reader:100%@localhost/app'],
    ['a certificate file that is not there', 'postgresql://localhost/app?sslrootcert=/none.pem'],
  ])('accepts %s', (_, url) => {
    expect(isDatabaseUrl(url)).toBe(true);
  });

  it.each([
    ['nothing', ''],
    ['a host alone', 'localhost'],
    ['another database', 'mysql://reader@localhost/app'],
    ['a web page', 'https://db.example.org/app'],
    ['one slash', 'postgresql:/reader@localhost/app'],
    ['a key=value string', 'host=localhost dbname=app'],
    ['a port that is no number', 'postgresql://reader@localhost:port/app'],
    ['a slash in the password', 'postgresql://reader:pass/word@localhost/app'],
    ['a hash in the password', 'postgresql://reader:pass#word@localhost/app'],
    ['bytes that are not UTF-8', 'postgresql://reader:%ff@localhost/app'],
  ])('refuses %s', (_, url) => {
    expect(isDatabaseUrl(url)).toBe(false);
  });
});
