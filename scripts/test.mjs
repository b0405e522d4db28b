/**
 * Runs the tests; arguments go to vitest: `npm test -- test/config`. The last line is always
 * `N passed, N failed`, perhaps with `, N skipped`.
 *
 * Tests that need a system server which is not installed are skipped, loudly. With `CI=true` or
 * `INSTALL_SERVERS=1` the servers are installed (root, Debian or Ubuntu), and a test that is skipped
 * all the same counts as failed.
 */
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { tsImport } from 'tsx/esm/api';
import { installServers } from './install-servers.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const support = (name) => tsImport(`../test/support/${name}.ts`, import.meta.url);
const nothingSkipped = process.env.CI === 'true' || process.env.INSTALL_SERVERS === '1';

const end = (await installMissingServers()) ?? (await runVitest(process.argv.slice(2)));
const { judgeTests } = await support('test-verdict');
const { lines, exitCode } = judgeTests(end, nothingSkipped);
for (const line of lines) console.log(line);
process.exitCode = exitCode;

/** Answers with the end of the whole run when it fails, else with nothing. */
async function installMissingServers() {
  if (!nothingSkipped) return null;
  const { systemServers, isInstalled, packagesOf } = await support('system-servers');
  const missing = systemServers.filter((server) => !isInstalled(server));
  try {
    if (missing.length > 0) await installServers(missing, packagesOf);
    return null;
  } catch (error) {
    if (!error.signal) console.error(error.message);
    return { summary: null, code: 1, signal: error.signal ?? null };
  }
}

async function runVitest(args) {
  const folder = mkdtempSync(join(tmpdir(), 'test-summary-'));
  const file = join(folder, 'summary.json');
  const vitest = join(root, 'node_modules', 'vitest', 'vitest.mjs');
  const reporters = ['--reporter=default', '--reporter=./test/support/summary-reporter.ts'];
  const child = spawn(process.execPath, [vitest, 'run', ...reporters, ...args], {
    cwd: root,
    env: { ...process.env, TEST_SUMMARY_FILE: file },
    stdio: ['ignore', 'inherit', 'inherit'],
  });

  let interruptedBy = null;
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
    process.on(signal, () => {
      interruptedBy = signal;
      // Ctrl-C reaches vitest without us too; a second one does no harm.
      child.kill(signal);
    });
  }
  const code = await new Promise((resolve) => child.once('close', resolve));
  const summary = readSummary(file);
  rmSync(folder, { recursive: true });
  return { summary, code, signal: interruptedBy };
}

/** null: vitest ended before it had one. */
function readSummary(file) {
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch {
    return null;
  }
}
