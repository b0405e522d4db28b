import { describe, expect, it } from 'vitest';
import { formatBanner } from '../../src/demo/banner.js';

const banner = formatBanner({
  listenUrl: 'http://127.0.0.1:6749',
  databaseUrl: 'postgres://postgres:twelve-chars@127.0.0.1:54321/demo',
  slackUrl: 'http://127.0.0.1:54322/',
  adminToken: 'twenty-characters-20',
});

describe('the banner', () => {
  it('fits into 80 columns, without a space at the end of a line', () => {
    const lines = banner.split('\n');
    expect(lines.filter((line) => line.length > 80)).toEqual([]);
    expect(lines.filter((line) => line.endsWith(' '))).toEqual([]);
    expect(banner.endsWith('\n')).toBe(true);
  });

  it('names the pages to open', () => {
    expect(banner).toContain(' http://127.0.0.1:6749/\n');
    expect(banner).toContain(' http://127.0.0.1:6749/metrics\n');
    expect(banner).toContain(' http://127.0.0.1:54322/\n');
    expect(banner).toContain(
      ' http://127.0.0.1:6749/login\n               with twenty-characters-20\n',
    );
  });

  it('gives a command that a shell takes as it stands', () => {
    expect(banner).toContain(
      'DATABASE_URL=postgres://postgres:twelve-chars@127.0.0.1:54321/demo \\\n      npx . status\n',
    );
  });
});
