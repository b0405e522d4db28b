import { describe, expect, it } from 'vitest';
import { formatTable } from '../../src/commands/table.js';

describe('a table', () => {
  it('aligns its columns and leaves no space at the end of a line', () => {
    const table = formatTable(
      ['user_id', 'account', 'status'],
      [
        ['1', 'ada@example.com', 'VALID'],
        ['22', '面接官@example.com', 'EXPIRED'],
        ['333', '', ''],
      ],
    );
    expect(table).toBe(`user_id  account             status
-------  ------------------  -------
1        ada@example.com     VALID
22       面接官@example.com  EXPIRED
333`);
  });

  it('is a header and a rule when there is nothing to show', () => {
    expect(formatTable(['a', 'b'], [])).toBe('a  b\n-  -');
  });

  it('keeps each row on its line, whatever its cells hold', () => {
    const table = formatTable(['a'], [['x\ny'], ['\u{1b}[2J'], ['z'.repeat(10_240)]]);
    const lines = table.split('\n');
    expect(lines).toHaveLength(5);
    expect(lines[2]).toBe('x\\u{a}y');
    expect(lines[4]).toHaveLength(48);
  });

  it('paints cells as wide as they are', () => {
    const seen: string[] = [];
    formatTable(
      ['a', 'b'],
      [
        ['1', '2'],
        ['10', '20'],
      ],
      (text, column) => {
        seen.push(`${column}:${text}`);
        return text;
      },
    );
    expect(seen).toEqual(['0:1 ', '1:2 ', '0:10', '1:20']);
  });

  it('formats twenty thousand rows while a person waits', () => {
    const row = ['550e8400-e29b-41d4-a716-446655440000', 'ada@example.com', 'EXPIRED'];
    const startedAt = performance.now();
    formatTable(
      ['user_id', 'account', 'status'],
      Array.from({ length: 20_000 }, () => row),
    );
    expect(performance.now() - startedAt).toBeLessThan(3_000);
  });
});
