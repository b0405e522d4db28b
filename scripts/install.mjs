/**
 * Installs the npm packages where they are missing or another version than package-lock.json says;
 * otherwise it returns at once. `npm start` and `npm test` run it first, so that a fresh clone needs
 * no step of its own. Only Node's own modules are used here: nothing else is installed yet.
 */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { constants } from 'node:os';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));

requireNode(readJson('package.json').engines.node);
if (!isInstalled()) install();

function requireNode(range) {
  const [major, minor] = range.match(/\d+/g).map(Number);
  const [ourMajor, ourMinor] = process.versions.node.split('.').map(Number);
  if (ourMajor > major || (ourMajor === major && ourMinor >= minor)) return;
  console.error(
    `This needs Node ${major}.${minor} or newer, and ${process.execPath} is Node ${process.versions.node}.\n` +
      "Install a newer one (https://nodejs.org), or borrow one: npx -p node@24 -c 'npm start'",
  );
  process.exit(1);
}

/**
 * npm writes node_modules/.package-lock.json last, after every package is in its place; so what it
 * lists is there. Optional packages may be missing: most are for other platforms.
 */
function isInstalled() {
  let installed;
  try {
    installed = readJson('node_modules/.package-lock.json').packages;
  } catch {
    return false;
  }
  return Object.entries(readJson('package-lock.json').packages)
    .filter(([path]) => path !== '')
    .every(([path, wanted]) => {
      const found = installed[path];
      if (found === undefined) return wanted.optional === true;
      return found.version === wanted.version && found.integrity === wanted.integrity;
    });
}

function install() {
  console.error('Installing the npm packages of package-lock.json (npm ci), about a minute ...');
  const npm = process.env.npm_execpath ?? '';
  // The npm that runs us, else the one on the PATH. NODE_ENV=production must not leave out tsc.
  const [command, ...args] = npm.endsWith('npm-cli.js') ? [process.execPath, npm] : ['npm'];
  args.push('ci', '--include=dev', '--include=optional');
  args.push('--no-audit', '--no-fund', '--loglevel=error');
  const result = spawnSync(command, args, {
    cwd: root,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
    maxBuffer: 64 * 1024 * 1024,
    shell: process.platform === 'win32' && command === 'npm',
  });
  if (result.status === 0) return;
  if (result.signal) process.exit(128 + constants.signals[result.signal]);
  console.error(result.stdout ?? '');
  console.error(result.stderr ?? '');
  console.error(`npm ci failed (${result.error?.message ?? `exit code ${result.status}`}).`);
  process.exit(1);
}

function readJson(path) {
  return JSON.parse(readFileSync(new URL(`../${path}`, import.meta.url), 'utf8'));
}
