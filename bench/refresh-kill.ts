/**
 * Kills exporters while they refresh, many times, and has several refresh many tokens at once:
 * `npm run build && npm run bench:refresh-kill -- [kills] [tokens]`, by default 60 kills of a single
 * exporter, 60 of one among three, and 2,000 tokens. Before most kills the application's table is
 * locked, so that answers are in the journal and not yet in the database. The last row is the
 * negative control: the same without a journal. Prints a table; ends by itself within an hour.
 *
 * These are the tests of refresh-crash.test.ts and refresh-replicas.test.ts, which kill a few times
 * only in the usual run.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const [kills = '60', tokens = '2000'] = process.argv.slice(2);
const tests = ['test/refresh/refresh-crash.test.ts', 'test/refresh/refresh-replicas.test.ts'];
const folder = mkdtempSync(join(tmpdir(), 'refresh-kill-'));
const report = join(folder, 'report');
try {
  const { status } = spawnSync('npx', ['vitest', 'run', ...tests], {
    stdio: 'inherit',
    timeout: 3_600_000,
    env: {
      ...process.env,
      REFRESH_KILLS: kills,
      REFRESH_TOKENS: tokens,
      REFRESH_KILL_REPORT: report,
    },
  });
  const lines = readFileSync(report, 'utf8').trim().split('\n');
  console.table(lines.map((line): unknown => JSON.parse(line)));
  process.exitCode = status ?? 1;
} finally {
  rmSync(folder, { recursive: true });
}
