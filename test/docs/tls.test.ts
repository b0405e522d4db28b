import { describe, expect, it } from 'vitest';
import { planConnection } from '../../src/database/connection-options.js';
import { mainDatabase } from '../database/main-database.js';
import { codeSpans, readDocument, section, tables } from './markdown.js';

const documented = section(readDocument('docs/configuration.md').text, '## TLS to the database');

/** What a URL with this query gets: the whole TLS options, or why it is refused. */
function plan(query: string, host = 'db.example.org') {
  const planned = planConnection({
    ...mainDatabase,
    url: `postgresql://reader@${host}/app${query}`,
    ca: null,
  });
  if (!planned.ok) return planned.problem;
  const { ssl } = planned.client;
  if (typeof ssl !== 'object') return { tls: false, warns: planned.warnings.length > 0 };
  return {
    tls: true,
    certificate: ssl.rejectUnauthorized,
    hostName: ssl.rejectUnauthorized === true && ssl.checkServerIdentity === undefined,
    warns: planned.warnings.length > 0,
  };
}

const strict = { tls: true, certificate: true, hostName: true, warns: false };
const plain = { tls: false, warns: false };

const modes = {
  'verify-full': strict,
  require: strict,
  prefer: strict,
  'verify-ca': { ...strict, hostName: false },
  'no-verify': { tls: true, certificate: false, hostName: false, warns: true },
  disable: plain,
};

describe('docs/configuration.md on TLS', () => {
  it('lists the modes that there are', () => {
    const [, ...rows] = tables(documented)[0] ?? [];
    const listed = rows.flatMap(([mode = '']) => codeSpans(mode));
    expect(listed).toEqual(Object.keys(modes));
  });

  it.each(Object.entries(modes))('says what sslmode=%s does', (mode, expected) => {
    expect(plan(`?sslmode=${mode}`)).toEqual(expected);
  });

  it('says what happens without a mode, with ssl=true and with any other mode', () => {
    expect(plan('')).toEqual(strict);
    expect(plan('?ssl=true')).toEqual(strict);
    for (const host of ['localhost', '127.0.0.1', '[::1]']) expect(plan('', host)).toEqual(plain);
    expect(plan('?sslmode=allow')).toMatch(/^sslmode must be/);
  });
});
