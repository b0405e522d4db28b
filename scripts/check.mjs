/**
 * Everything that must hold before a change lands, what is cheap first: `npm run check`, and what
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
  'watch/report-page.test.ts',
  // Nothing but arithmetic.
  'watch/simulated-48-hours.test.ts',
  'watch/simulated-use.test.ts',
  'watch/verdict-laws.test.ts',
  // What PostgreSQL makes of our SQL.
  'observe/expiry-counts.test.ts',
  'observe/expiry-types.test.ts',
  'observe/domain-tables.test.ts',
  'observe/kinds-of-tables.test.ts',
  // They take long; shorter ones run the same code.
  'app/several-databases.test.ts',
  'app/several-databases-people.test.ts',
  'commands/deactivate.test.ts',
  'commands/reactivate.test.ts',
  'commands/reconnect.test.ts',
  'commands/reconnect-notify.test.ts',
  'docs/command-line.test.ts',
  'docs/permissions.test.ts',
  'docs/remedy-permissions.test.ts',
  'e2e/alert-chain.test.ts',
  'e2e/broken-database.test.ts',
  'e2e/doctor.test.ts',
  'e2e/incident-replay.test.ts',
  'e2e/prometheus.test.ts',
  'e2e/status.test.ts',
  'e2e/shutdown.test.ts',
  'notify/database-away.test.ts',
  'notify/slack-delivery.test.ts',
  'observe/pg-cron.test.ts',
  'refresh/refresh-app-endpoint.test.ts',
  'refresh/refresh-chaos.test.ts',
  'refresh/refresh-database-trouble.test.ts',
  'refresh/refresh-elsewhere.test.ts',
  'refresh/refresh-failures.test.ts',
  'refresh/refresh-takeover.test.ts',
  'remedy/retry-syncs.test.ts',
  'watch/live-watch.test.ts',
  'watch/stored-48-hours.test.ts',
]
  .map((path) => `--exclude test/${path}`)
  .join(' ');

const npmRun = (script) => ['npm', 'run', '--silent', script];
const onNode = (major, command) => ['npx', '--yes', '-p', `node@${major}`, '-c', command];

/** The steps of a stage run beside each other, the stages one after the other. */
const stages = [
  [
    { name: 'format', command: npmRun('format:check') },
    { name: 'lint', command: npmRun('lint') },
    { name: 'types', command: npmRun('typecheck') },
    { name: 'build', command: npmRun('build') },
    { name: 'dashboards', command: npmRun('dashboards:check') },
    ...otherNodes.map((major) => ({
      name: `fetch Node ${major}`,
      command: onNode(major, 'node --version'),
    })),
  ],
  // Not `npm test`, which builds first: that is done.
  [
    {
      name: `tests on Node ${ourMajor}`,
      command: [process.execPath, 'scripts/test.mjs'],
      counts: true,
    },
  ],
  ...otherNodes.map((major) => [
    {
      name: `tests on Node ${major}`,
      command: onNode(major, `node scripts/test.mjs ${onceIsEnough}`),
      counts: true,
    },
  ]),
];

let interruptedBy = null;
const running = new Set();
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
  process.on(signal, () => {
    interruptedBy = signal;
    for (const child of running) child.kill(signal);
  });
}

const results = [];
for (const stage of stages) {
  if (interruptedBy) break;
  results.push(...(await Promise.all(stage.map((step) => take(step, stage.length === 1)))));
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

/** Takes a step. What it says is shown as it comes, or in one piece where others run beside it. */
async function take(step, alone) {
  const heading = `\n== ${step.name}`;
  if (alone) console.log(heading);
  const startedAt = performance.now();
  const { code, output, all } = await run(step.command, alone);
  const seconds = ((performance.now() - startedAt) / 1000).toFixed(1);
  if (!alone) console.log(`${heading}\n${all}`.trimEnd());
  return {
    name: step.name,
    seconds,
    ok: code === 0,
    failures: output.match(/^FAILED .*$/gm) ?? [],
    ...count(step, code, output),
  };
}

/** Answers with what the command said when it has ended: on standard output, and in all. */
function run([command, ...args], show) {
  const child = spawn(command, args, {
    cwd: root,
    stdio: ['ignore', 'pipe', 'pipe'],
    shell: process.platform === 'win32',
  });
  running.add(child);
  return new Promise((resolve) => {
    let output = '';
    let all = '';
    // Both into one stream, as on a terminal: the lines keep their order in a log.
    const hear = (text) => {
      all += text;
      if (show) process.stdout.write(text);
    };
    child.stdout.setEncoding('utf8').on('data', (text) => {
      output += text;
      hear(text);
    });
    child.stderr.setEncoding('utf8').on('data', hear);
    const end = (result) => {
      running.delete(child);
      resolve({ output, all, ...result });
    };
    child.once('error', (error) => end({ code: 1, all: error.message }));
    child.once('close', (code) => end({ code }));
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
