import { readdirSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { afterEach, describe, expect, it } from 'vitest';
import { runCli, startCli, type RunningCli } from '../support/process.js';
import { client } from './exporter.js';

let cli: RunningCli | null = null;
afterEach(async () => {
  await cli?.stop('SIGKILL');
});

async function startDemo(command: 'demo' | 'start', env: Readonly<Record<string, string>> = {}) {
  cli = startCli([command], { LISTEN_ADDRESS: '127.0.0.1:0', ...env });
  const [, url = ''] = await cli.waitForLine(/Overview +(http:\S+)\/$/, 30_000);
  return { cli, url, ...client(url) };
}

/** Folders of embedded servers; the tests' own servers have some too. */
const serverFolders = () =>
  readdirSync(tmpdir()).filter((name) => name.startsWith('embedded-postgres-'));

/** Ids of processes whose command line holds `text`. Empty where the system has no /proc. */
function processesWith(text: string): string[] {
  try {
    return readdirSync('/proc').filter((id) => {
      if (!/^\d+$/.test(id)) return false;
      try {
        return readFileSync(`/proc/${id}/cmdline`, 'utf8').includes(text);
      } catch {
        return false;
      }
    });
  } catch {
    return [];
  }
}

describe('demo', () => {
  it(
    'shows the incident, says what it is, and leaves nothing behind',
    { timeout: 60_000 },
    async () => {
      const foldersBefore = serverFolders();
      const { cli: demo, scrape, get, ready } = await startDemo('demo');
      expect(demo.stdout()).toMatch(/oauth-token-exporter, demo\n[^]*Ctrl-C ends the demo\.\n$/);
      await ready();
      const samples = await scrape();
      const build = [...samples.keys()].filter((series) => series.includes('_build_info'));
      expect(build).toEqual([expect.stringMatching(/demo="true"/)]);
      expect(
        samples.get('oauth_tokens{provider="fathom",status="expired",active="true"}'),
      ).toBeGreaterThan(30);
      expect((await get('/')).body).toContain('demo, invented data');
      const folders = serverFolders().filter((name) => !foldersBefore.includes(name));
      expect(folders.length).toBeGreaterThan(0);
      const servers = folders.flatMap(processesWith);
      if (process.platform === 'linux') expect(servers).not.toEqual([]);

      const startedAt = performance.now();
      const { code, stderr } = await demo.stop('SIGINT');
      expect(code).toBe(0);
      expect(performance.now() - startedAt).toBeLessThan(5_000);
      expect(stderr).not.toMatch(/"level":"error"/);
      // Another test's server may have come meanwhile, so only those of before are asked for.
      expect(serverFolders().filter((name) => folders.includes(name))).toEqual([]);
      expect(folders.flatMap(processesWith)).toEqual([]);
    },
  );

  it('prints a command that lists its tokens', { timeout: 60_000 }, async () => {
    const { cli: demo } = await startDemo('demo');
    const [, DATABASE_URL = ''] = /DATABASE_URL=(\S+demo) /.exec(demo.stdout())!;
    const { code, stdout } = await runCli(['status', '--fail-on', 'expired'], { DATABASE_URL });
    expect(stdout).toMatch(/^60 tokens: /m);
    expect(code).toBe(1);
  });

  it('ignores the database of the environment', { timeout: 60_000 }, async () => {
    const nowhere = 'postgres://nobody@127.0.0.1:1/none';
    const { ready } = await startDemo('demo', {
      DATABASE_URL: nowhere,
      DATABASE_URL_FILE: '/no/such/file',
      CONFIG_FILE: '/no/such/file.yaml',
    });
    await ready();
    expect(cli!.stderr()).not.toContain('nobody');
  });

  it('ends in good order while it still starts', { timeout: 60_000 }, async () => {
    const foldersBefore = serverFolders();
    cli = startCli(['demo'], { LISTEN_ADDRESS: '127.0.0.1:0' });
    let folders: string[] = [];
    for (const deadline = performance.now() + 20_000; folders.length === 0;) {
      if (performance.now() > deadline) throw new Error('the demo made no folder');
      folders = serverFolders().filter((name) => !foldersBefore.includes(name));
      await new Promise((resolve) => setImmediate(resolve));
    }
    const { code } = await cli.stop('SIGINT');
    expect(code).toBe(0);
    expect(serverFolders().filter((name) => folders.includes(name))).toEqual([]);
  });
});

describe('start', () => {
  it('shows the demo where no database is configured', { timeout: 60_000 }, async () => {
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
