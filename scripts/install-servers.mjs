import { spawn } from 'node:child_process';
import { existsSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';

/** Debian's maintainer scripts ask this program whether a daemon may be started. */
const policy = '/usr/sbin/policy-rc.d';
const setAside = `${policy}.before-oauth-token-exporter`;
const denyAll = `#!/bin/sh
# Written by the tests of oauth-token-exporter while they install servers; removed right after.
exit 101
`;

/**
 * Installs servers from Debian's or Ubuntu's packages without starting their daemons: the tests start
 * what they need themselves. `packagesOf` is asked once apt knows its packages: their names carry
 * version numbers. Throws an error that says what to do when it can't; nothing it put in place for
 * the time of the installation stays, also after Ctrl-C.
 */
export async function installServers(servers, packagesOf) {
  if (process.getuid?.() !== 0 || !existsSync('/usr/bin/apt-get')) {
    throw new Error(
      `The tests need ${servers.join(', ')}. They are installed for you only by root on Debian or ` +
        'Ubuntu. Install them yourself, or run without CI=true and INSTALL_SERVERS=1 to skip those tests.',
    );
  }
  console.error(`Installing system servers for the tests (apt-get): ${servers.join(', ')} ...`);
  await withDaemonsKeptFromStarting(async (aptGet) => {
    const updated = await retried(3, () => aptGet('update', '-o', 'APT::Update::Error-Mode=any'));
    const packages = servers.flatMap(packagesOf);
    // Lists that are old, or of a source that is broken, may still do; else both outputs are needed.
    const installed = await aptGet('install', '-y', '--no-install-recommends', ...packages);
    if (installed.ok) return;
    throw new Error(
      `${updated.ok ? '' : updated.output}${installed.output}\n` +
        `apt-get could not install ${packages.join(', ')}.`,
    );
  });
}

async function withDaemonsKeptFromStarting(work) {
  let interruptedBy = null;
  // apt-get goes on to its end: half an installation would leave the machine's packages broken.
  const interrupt = (signal) => {
    interruptedBy = signal;
    console.error('Stopping as soon as apt-get has finished ...');
  };
  const aptGet = async (...args) => {
    if (interruptedBy) throw new Interrupted(interruptedBy);
    return await runAptGet(args);
  };
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'];
  for (const signal of signals) process.on(signal, interrupt);
  restorePolicy();
  if (existsSync(policy)) renameSync(policy, setAside);
  writeFileSync(policy, denyAll, { mode: 0o755 });
  process.on('exit', restorePolicy);
  try {
    await work(aptGet);
  } catch (error) {
    throw interruptedBy ? new Interrupted(interruptedBy) : error;
  } finally {
    restorePolicy();
    process.off('exit', restorePolicy);
    for (const signal of signals) process.off(signal, interrupt);
  }
  if (interruptedBy) throw new Interrupted(interruptedBy);
}

/** The installation was stopped by `signal`. */
export class Interrupted extends Error {
  constructor(signal) {
    super(`interrupted by ${signal}`);
    this.signal = signal;
  }
}

/** Removes our policy and puts back the one before, also that of a run that was killed. */
function restorePolicy() {
  if (existsSync(policy) && readFileSync(policy, 'utf8') === denyAll) rmSync(policy);
  if (existsSync(setAside) && !existsSync(policy)) renameSync(setAside, policy);
}

function runAptGet(args) {
  const options = ['DPkg::Lock::Timeout=120', 'Acquire::Retries=3', 'Acquire::http::Timeout=20'];
  const child = spawn('apt-get', ['-qq', ...options.flatMap((option) => ['-o', option]), ...args], {
    env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive', LC_ALL: 'C.UTF-8' },
    stdio: ['ignore', 'pipe', 'pipe'],
    // A group of its own: Ctrl-C reaches only us.
    detached: true,
  });
  return new Promise((resolve, reject) => {
    let output = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text) => (output += text));
    }
    child.once('error', reject);
    child.once('close', (code) => resolve({ ok: code === 0, output }));
  });
}

async function retried(times, attempt) {
  for (let left = times; ; left -= 1) {
    const result = await attempt();
    if (result.ok || left === 1) return result;
    await new Promise((resolve) => setTimeout(resolve, 3000));
  }
}
