import { PassThrough } from 'node:stream';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { liveTerminal } from '../../src/commands/live-terminal.js';
import { statusScreen } from '../../src/commands/status-screen.js';
import type { LiveStatus } from '../../src/commands/status-screen.js';
import type { StatusRow } from '../../src/commands/status.js';
import { statusWatch } from '../../src/commands/status-watch.js';
import { loadWorld } from '../../src/demo/demo-world.js';
import { createDatabase, testServer17 } from '../support/postgres.js';
import type { TestDatabase } from '../support/postgres.js';
import { until } from '../support/until.js';
import { capture } from './captured-command.js';

const nowMs = Date.parse('2025-11-29T08:00:00Z');
const row = (facts: Partial<StatusRow> = {}): StatusRow => ({
  provider: 'fathom',
  id: 'token-1',
  subject: 'user-1',
  account: 'ada@example.com',
  expiresAtMs: nowMs + 3_600_000,
  active: true,
  appStatus: null,
  status: 'expiring_soon',
  ...facts,
});
const status = (facts: Partial<LiveStatus> = {}): LiveStatus => ({
  nowMs,
  rows: [row()],
  incidents: [],
  problems: [],
  ...facts,
});
const wide = { columns: 120, rows: 24 };

describe('the live view of the status', () => {
  it('says what is open, then lists the tokens with their status first', () => {
    const incident = {
      id: 'i',
      provider: 'fathom',
      cause: 'grants_dead',
      replica: null,
      severity: 'warning',
      firstSeenAtMs: nowMs - 120_000,
      toldAtMs: null,
      affected: 2,
      silenced: false,
      recoveredAtMs: null,
    };
    expect(statusScreen(status({ incidents: [incident] }), wide, false)).toEqual([
      'oauth-token-exporter  as of 2025-11-29 08:00:00Z  (q ends)',
      '1 token: 1 EXPIRING SOON',
      'OPEN fathom: 2 grants dead (warning, since 2 min ago)',
      '',
      'token_status   expires    user_id  account          provider',
      '-------------  -------    -------  ---------------  --------',
      'EXPIRING SOON  in 1 h     user-1   ada@example.com  fathom',
    ]);
  });

  it.each([
    [24, 80],
    [8, 20],
    [1, 1],
  ])('fits into %d lines of %d columns, whatever there is', (rows, columns) => {
    const many = Array.from({ length: 100 }, () =>
      row({ subject: '\u001b[2J' + 'x'.repeat(200), account: '漢字'.repeat(50) }),
    );
    const lines = statusScreen(
      status({ rows: many, problems: ['the database is away'] }),
      { rows, columns },
      false,
    );
    expect(lines.length).toBeLessThanOrEqual(rows);
    expect(lines.join('\n')).not.toContain('\u001b');
    for (const line of lines) expect(line.length).toBeLessThanOrEqual(columns);
  });

  it('says how many tokens there is no room for', () => {
    const lines = statusScreen(
      status({ rows: Array.from({ length: 30 }, () => row()) }),
      { columns: 80, rows: 10 },
      false,
    );
    expect(lines).toHaveLength(10);
    expect(lines.at(-1)).toBe('… and 26 more');
  });
});

/** A terminal: two streams that say that they are one. */
function terminalOf(columns: number, rows: number) {
  const input = Object.assign(new PassThrough(), { isTTY: true, setRawMode: () => input });
  const output = Object.assign(new PassThrough(), { isTTY: true, columns, rows });
  let written = '';
  output.on('data', (chunk: Buffer) => (written += chunk.toString()));
  const terminal = liveTerminal(
    input as unknown as Parameters<typeof liveTerminal>[0],
    output as unknown as Parameters<typeof liveTerminal>[1],
  );
  return { input, output, terminal, written: () => written };
}

describe('status --watch', () => {
  let database: TestDatabase;
  beforeAll(async () => {
    database = await createDatabase(testServer17);
    await loadWorld(database.url);
  });
  afterAll(() => database.drop());

  const watch = (terminal: ReturnType<typeof liveTerminal>, url = database.url) =>
    capture({ DATABASE_URL: url }, (context) =>
      statusWatch(context, { provider: null, status: null, accounts: 'masked' }, terminal),
    );

  it.each(['q', '\u0003'])('fills the screen, and gives it back on %j', async (key) => {
    const { input, output, terminal, written } = terminalOf(120, 20);
    const ended = watch(terminal);
    await until('the tokens are drawn', () => written().includes('60 tokens'));
    expect(written()).toMatch(/\w\*{3}@\w\*{3}\.\w+/);
    expect(written()).not.toMatch(/\w@\w/);
    output.rows = 5;
    const before = written().length;
    output.emit('resize');
    await until('it is drawn again', () => written().length > before);
    expect(written().slice(before).split('\r\n').length).toBeLessThanOrEqual(5);
    input.write(key);
    expect((await ended).code).toBe(0);
    expect(written().startsWith('\u001b[?1049h')).toBe(true);
    expect(written().endsWith('\u001b[?25h\u001b[?1049l')).toBe(true);
  });

  it('shows why it can not be read, and goes on', async () => {
    const away = new URL(database.url);
    away.port = '1';
    const { input, terminal, written } = terminalOf(100, 20);
    const ended = watch(terminal, away.href);
    await until('the cause is shown', () => written().includes('NOT UP TO DATE'));
    input.write('q');
    expect((await ended).code).toBe(0);
  });

  it('refuses what is no terminal, and says what to do instead', async () => {
    const { code, stderr } = await watch(null);
    expect(code).toBe(2);
    expect(stderr).toBe(
      '--watch fills a terminal, and this is none: leave it out, or use --json\n',
    );
  });
});
