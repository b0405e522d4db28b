import { describe, expect, it } from 'vitest';
import { formatStatus, type StatusRow } from '../../src/commands/status.js';
import { tokenStatuses } from '../../src/assess/token-status.js';

const row = (facts: Partial<StatusRow>): StatusRow => ({
  provider: 'fathom',
  id: 't1',
  subject: 'ada',
  account: 'ada@example.com',
  expiresAtMs: Date.UTC(2025, 10, 27, 8, 12, 5, 999),
  active: true,
  appStatus: null,
  status: 'valid',
  ...facts,
});

describe('the status table', () => {
  it('has one colour per status, and only on the status', () => {
    const table = formatStatus(
      tokenStatuses.map((status) => row({ status })),
      false,
      true,
    );
    const painted = [...table.replaceAll('\u{1b}', '<').matchAll(/<\[(\d+)m([A-Z ]+)<\[39m/g)];
    expect(painted.map(([, colour, word]) => [colour, word?.trim()])).toEqual([
      ['32', 'VALID'],
      ['33', 'EXPIRING SOON'],
      ['31', 'EXPIRED'],
      ['35', 'UNKNOWN'],
    ]);
  });

  it('has no colour where none is wanted', () => {
    expect(formatStatus([row({ status: 'expired' })], false, false)).not.toContain('\u{1b}');
  });

  it.each([
    [null, ''],
    [Infinity, 'infinity'],
    [-Infinity, '-infinity'],
    [8.64e15 + 1, 'after 275760'],
    [-8.64e15 - 1, 'before -271821'],
    [Date.UTC(2025, 10, 27, 8, 12, 5, 999), '2025-11-27 08:12:05Z'],
    [Date.UTC(12025, 0, 1), '+012025-01-01 00:00:00Z'],
    [0, '1970-01-01 00:00:00Z'],
  ])('writes the expiry %d as %j', (expiresAtMs, shown) => {
    const line = formatStatus([row({ expiresAtMs, account: null })], false, false).split('\n')[2];
    expect(line?.slice('user_id  account  '.length).split('  ')[0]?.trim()).toBe(shown);
  });

  it.each<[string, Partial<StatusRow>, boolean]>([
    ['each user has one token', { id: 't2', subject: 'bob' }, false],
    ['a user has several', { id: 't2' }, true],
    ['a token belongs to nobody', { id: 't2', subject: null }, true],
    ['a user has one at each provider', { id: 't2', provider: 'google' }, false],
  ])('names tokens where users do not: %s', (_, other, named) => {
    const table = formatStatus([row({}), row(other)], false, false);
    expect(table.includes('token_id')).toBe(named);
    expect(table.includes('t2')).toBe(named);
  });

  it('counts at its end, with the words of the statuses there are', () => {
    const last = (rows: StatusRow[]) =>
      formatStatus(rows, false, false).trimEnd().split('\n').at(-1);
    expect(last([])).toBe('0 tokens');
    expect(last([row({})])).toBe('1 token: 1 VALID');
    expect(last([row({}), row({ status: 'expired' }), row({ status: 'expired' })])).toBe(
      '3 tokens: 1 VALID, 2 EXPIRED',
    );
  });
});
