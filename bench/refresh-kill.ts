/**
 * Kills exporters while they refresh, many times, and has several refresh many tokens at once:
 * `npm run build && npx tsx bench/refresh-kill.ts [kills] [tokens]`, by default 50 kills of a single
 * exporter, 50 of one among three, and 2,000 tokens. Takes about 10 s a kill at most.
 *
 * These are the tests of refresh-crash.test.ts and refresh-replicas.test.ts, which kill a few times
 * only in the usual run.
 */
import { spawnSync } from 'node:child_process';

const [kills = '50', tokens = '2000'] = process.argv.slice(2);
const tests = ['test/refresh/refresh-crash.test.ts', 'test/refresh/refresh-replicas.test.ts'];
const { status } = spawnSync('npx', ['vitest', 'run', ...tests], {
  stdio: 'inherit',
  env: { ...process.env, REFRESH_KILLS: kills, REFRESH_TOKENS: tokens },
});
process.exitCode = status ?? 1;
