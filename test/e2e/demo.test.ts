import { readdirSync, readFileSync } from 'node:fs';
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { runCli, startCli, type RunningCli } from '../support/process.js';
import { until } from '../support/until.js';
import { client } from './exporter.js';

let cli: RunningCli | null = null;
/** The demo's own, so that what it leaves behind can be told from what other servers have. */
let TMPDIR: string;
beforeEach(async () => {
  TMPDIR = await mkdtemp(join(tmpdir(), 'demo-test-'));
  // As root, the server runs as another user, who must get in.
  await chmod(TMPDIR, 0o755);
});
afterEach(async () => {
  await cli?.stop();
  await rm(TMPDIR, { recursive: true, force: true });
});

function launch(command: 'demo' | 'start', env: Readonly<Record<string, string>> = {}) {
  cli = startCli([command], { LISTEN_ADDRESS: '127.0.0.1:0', TMPDIR, ...env });
  return cli;
}

async function startDemo(...args: Parameters<typeof launch>) {
  const demo = launch(...args);
  const [, url = ''] = await demo.waitForLine(/Overview +(http:\S+)\/$/, 30_000);
  return { demo, ...client(url) };
}

/** Ids of processes of the demo's server, which is told its folder. Linux only: reads /proc. */
function serverProcesses(): string[] {
  return readdirSync('/proc')
    .filter((id) => /^\d+$/.test(id))
    .filter((id) => {
      try {
        return readFileSync(`/proc/${id}/cmdline`, 'utf8').includes(TMPDIR);
      } catch {
        return false;
      }
    });
}

describe('demo', { timeout: 60_000 }, () => {
  it('shows the incident, says what it is, and leaves nothing behind', async () => {
    const { demo, scrape, get, ready } = await startDemo('demo');
    expect(demo.stdout()).toMatch(/oauth-token-exporter, demo\n[^]*Ctrl-C ends the demo\.\n$/);
    await ready();
    const samples = await scrape();
    const build = [...samples.keys()].filter((series) => series.includes('_build_info'));
    expect(build).toEqual([expect.stringMatching(/demo="true"/)]);
    expect(
      samples.get('oauth_tokens{provider="fathom",status="expired",active="true"}'),
    ).toBeGreaterThan(30);
    expect((await get('/')).body).toContain('demo, invented data');
    const isLinux = process.platform === 'linux';
    if (isLinux) expect(serverProcesses()).not.toEqual([]);

    const startedAt = performance.now();
    const { code, stderr } = await demo.stop('SIGINT');
    expect(code).toBe(0);
    expect(performance.now() - startedAt).toBeLessThan(5_000);
    expect(stderr).not.toMatch(/"level":"error"/);
    expect(readdirSync(TMPDIR)).toEqual([]);
    if (isLinux) expect(serverProcesses()).toEqual([]);
  });

  it('prints a command that lists its tokens', async () => {
    const { demo } = await startDemo('demo');
    const [, DATABASE_URL = ''] = /DATABASE_URL=(\S+demo) /.exec(demo.stdout())!;
    const { code, stdout } = await runCli(['status', '--fail-on', 'expired'], { DATABASE_URL });
    expect(stdout).toMatch(/^60 tokens: /m);
    expect(code).toBe(1);
  });

  it('ignores the database of the environment', async () => {
    const { demo, ready } = await startDemo('demo', {
      DATABASE_URL: 'postgres://nobody@127.0.0.1:1/none',
      DATABASE_URL_FILE: '/no/such/file',
      CONFIG_FILE: '/no/such/file.yaml',
    });
    await ready();
    expect(demo.stderr()).not.toContain('nobody');
  });

  it('ends in good order while it still starts', async () => {
    const demo = launch('demo');
    await until('it began', () => readdirSync(TMPDIR).length > 0, { everyMs: 2 });
    const { code } = await demo.stop('SIGINT');
    expect(code).toBe(0);
    expect(readdirSync(TMPDIR)).toEqual([]);
  });

  it('ends at once for a second signal, and even then leaves nothing behind', async () => {
    const { demo } = await startDemo('demo');
    // Two alike that come together are one to the kernel.
    void demo.stop('SIGINT');
    await demo.stop('SIGTERM');
    // As root, the server's account can't delete the folder itself: that stays, empty.
    const left = () =>
      readdirSync(TMPDIR, { recursive: true, withFileTypes: true })
        .filter((entry) => !entry.isDirectory())
        .map(({ name }) => name);
    await until(
      'all is gone',
      () => left().length === 0 || Promise.reject(new Error(left().join())),
      {
        withinMs: 30_000,
      },
    );
    expect(left()).toEqual([]);
  });
});

describe('start', { timeout: 60_000 }, () => {
  it('shows the demo where no database is configured', async () => {
    const { get } = await startDemo('start', { DATABASE_URL: '' });
    expect((await get('/')).body).toContain('demo, invented data');
  });

  it.each([
    ['DATABASE_URL', { DATABASE_URL: 'mysql://x' }, /^DATABASE_URL: must be a URL such as/m],
    ['DATABASE_URL_FILE', { DATABASE_URL_FILE: '/no/such/file' }, /^DATABASE_URL_FILE: /m],
    ['CONFIG_FILE', { CONFIG_FILE: '/no/such/file.yaml' }, /^DATABASE_URL: is required/m],
  ])('serves where %s is set, and never falls back to the demo', async (_, env, problem) => {
    const { code, stdout, stderr } = await runCli(['start'], env);
    expect(stderr).toMatch(problem);
    expect([code, stdout]).toEqual([2, '']);
  });
});
