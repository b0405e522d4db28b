/**
 * Everything that must hold before a change lands, cheap steps first: `npm run check`, and what
 * `.ci/run` runs. Every step runs, so that one look at the end shows all that is wrong, each failed
 * test with its name; the last line is `N passed, N failed`, in which each step counts for one and
 * each test of the suite for itself.
 *
 * `--node 24` runs the tests once more on another Node; where the running one is that, it is left out.
 */
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const root = fileURLToPath(new URL('..', import.meta.url));
const { values } = parseArgs({ options: { node: { type: 'string', multiple: true } } });
const ourMajor = process.versions.node.split('.')[0];
const otherNodes = (values.node ?? []).filter((major) => major !== ourMajor);

/** Tests that run on one Node only. */
const onceIsEnough = [
  // Rules, dashboards, deployment files and what a browser draws are the same on every Node.
  'alerts',
  'dashboards',
  'deploy',
  'pages',
  // They take half a minute and more each; shorter ones run the same code.
  'app/several-databases.test.ts',
  'app/several-databases-people.test.ts',
  'commands/deactivate.test.ts',
  'commands/reactivate.test.ts',
  'commands/reconnect-notify.test.ts',
  'docs/command-line.test.ts',
  'docs/permissions.test.ts',
  'docs/remedy-permissions.test.ts',
  'e2e/broken-database.test.ts',
  'e2e/doctor.test.ts',
  'e2e/incident-replay.test.ts',
  'e2e/prometheus.test.ts',
  'e2e/status.test.ts',
  'e2e/shutdown.test.ts',
  'notify/slack-delivery.test.ts',
  'observe/pg-cron.test.ts',
  'refresh/refresh-app-endpoint.test.ts',
  'refresh/refresh-chaos.test.ts',
  'refresh/refresh-database-trouble.test.ts',
  'refresh/refresh-failures.test.ts',
  'remedy/retry-syncs.test.ts',
  'watch/live-watch.test.ts',
  'watch/stored-48-hours.test.ts',
]
  .map((path) => `--exclude test/${path}`)
  .join(' ');

const steps = [
  { name: 'format', command: ['npm', 'run', '--silent', 'format:check'] },
  { name: 'lint', command: ['npm', 'run', '--silent', 'lint'] },
  { name: 'types', command: ['npm', 'run', '--silent', 'typecheck'] },
  { name: 'build', command: ['npm', 'run', '--silent', 'build'] },
  { name: 'dashboards', command: ['npm', 'run', '--silent', 'dashboards:check'] },
  { name: `tests on Node ${ourMajor}`, command: ['npm', 'test'], counts: true },
  ...otherNodes.map((major) => ({
    name: `tests on Node ${major}`,
    command: ['npx', '--yes', '-p', `node@${major}`, '-c', `npm test -- ${onceIsEnough}`],
    counts: true,
  })),
];

let interruptedBy = null;
let running = null;
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
  process.on(signal, () => {
    interruptedBy = signal;
    running?.kill(signal);
  });
}

const results = [];
for (const step of steps) {
  if (interruptedBy) break;
  console.log(`\n== ${step.name}`);
  const startedAt = performance.now();
  const { code, output } = await run(step.command);
  const seconds = ((performance.now() - startedAt) / 1000).toFixed(1);
  const failures = output.match(/^FAILED .*$/gm) ?? [];
  results.push({
    name: step.name,
    seconds,
    ok: code === 0,
    failures,
    ...count(step, code, output),
  });
}

console.log();
for (const { name, seconds, ok, failures, passed, failed } of results) {
  const counts = passed + failed > 1 ? `  ${passed} passed, ${failed} failed` : '';
  console.log(`${ok ? 'ok  ' : 'FAIL'}  ${name.padEnd(16)} ${seconds.padStart(7)} s${counts}`);
  for (const failure of failures) console.log(`      ${failure}`);
}
if (interruptedBy) console.log(`Interrupted by ${interruptedBy}.`);
const total = (key) => results.reduce((sum, result) => sum + result[key], 0);
const failed = Math.max(total('failed'), interruptedBy ? 1 : 0);
console.log(`${total('passed')} passed, ${failed} failed`);
process.exitCode = failed > 0 ? 1 : 0;

/** Shows what the command says as it comes, and answers with it when it has ended. */
function run([command, ...args]) {
  const child = spawn(command, args, {
    cwd: root,
    stdio: ['ignore', 'pipe', 'pipe'],
    shell: process.platform === 'win32',
  });
  running = child;
  return new Promise((resolve) => {
    let output = '';
    child.stdout.setEncoding('utf8').on('data', (text) => {
      output += text;
      process.stdout.write(text);
    });
    // Both into one stream, as on a terminal: the lines keep their order in a log.
    child.stderr.setEncoding('utf8').on('data', (text) => process.stdout.write(text));
    child.once('error', (error) => resolve({ code: 1, output: error.message }));
    child.once('close', (code) => resolve({ code, output }));
  });
}

/** A suite says its own counts in its last line; a failure it does not count is one. */
function count(step, code, output) {
  const said =
    step.counts && /^(\d+) passed, (\d+) failed(?:, \d+ skipped)?\s*$/m.exec(lastLine(output));
  if (!said)
    return code === 0 && !step.counts ? { passed: 1, failed: 0 } : { passed: 0, failed: 1 };
  const [passed, failed] = [Number(said[1]), Number(said[2])];
  return { passed, failed: code === 0 ? failed : Math.max(failed, 1) };
}

function lastLine(output) {
  return output.trimEnd().split('\n').at(-1) ?? '';
}
