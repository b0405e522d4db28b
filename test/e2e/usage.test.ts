import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { runCli } from '../support/process.js';
import { writeConfigFile } from './config-file.js';

const { version } = JSON.parse(
  readFileSync(new URL('../../package.json', import.meta.url), 'utf8'),
) as { version: string };

const DATABASE_URL = 'postgres://nobody@127.0.0.1:1/none';

describe('the command line', () => {
  it('explains itself', async () => {
    const { code, stdout, stderr } = await runCli(['--help']);
    expect([code, stderr]).toEqual([0, '']);
    for (const command of ['serve', 'demo', 'start', 'status', 'doctor', 'check-config']) {
      expect(stdout).toMatch(new RegExp(`^ +${command} `, 'm'));
    }
    expect(Math.max(...stdout.split('\n').map((line) => line.length))).toBeLessThanOrEqual(80);
  });

  it('explains each command', async () => {
    const { code, stdout } = await runCli(['status', '--help']);
    expect(code).toBe(0);
    for (const option of ['--json', '--provider <name>', '--status <status>', '--fail-on']) {
      expect(stdout).toContain(option);
    }
  });

  it('says its version', async () => {
    expect(await runCli(['--version'])).toEqual({ code: 0, stdout: `${version}\n`, stderr: '' });
  });

  it.each([
    [[], /^Usage: oauth-token-exporter/],
    [['sttaus'], /unknown command 'sttaus'.*Did you mean status\?/s],
    [['--verbose'], /unknown option '--verbose'/],
    [['serve', '--port=1'], /unknown option '--port=1'/],
    [['demo', 'now'], /too many arguments/],
  ])('%j is wrong usage: exit 2', async (args, message) => {
    const { code, stdout, stderr } = await runCli(args);
    expect(stderr).toMatch(message);
    expect([code, stdout]).toEqual([2, '']);
  });
});

describe('check-config', () => {
  it('says that a configuration is good, without a database', async () => {
    const { code, stdout, stderr } = await runCli(['check-config'], { DATABASE_URL });
    expect(stdout).toMatch(/^the configuration is good; providers: fathom$/m);
    expect([code, stderr]).toEqual([0, '']);
  });

  it('lists every problem at once, each with its path', async () => {
    const CONFIG_FILE = await writeConfigFile(`
providers:
  Fathom: {preset: fathm}
  google:
    table: google_integrations
    colums: {id: id}
    expiring_soon: 7`);
    const { code, stdout, stderr } = await runCli(['check-config'], {
      CONFIG_FILE,
      POLL_INTERVAL: '100ms',
      LISTEN_ADDRESS: 'everywhere',
    });
    const paths = stderr
      .trimEnd()
      .split('\n')
      .slice(0, -1)
      .map((line) => line.slice(0, line.indexOf(': ')));
    expect(paths.sort()).toEqual(
      [
        'DATABASE_URL',
        'LISTEN_ADDRESS',
        'POLL_INTERVAL',
        'providers.Fathom',
        'providers.Fathom.preset',
        'providers.google.columns',
        'providers.google.colums',
        'providers.google.expiring_soon',
      ].sort(),
    );
    expect(stderr).toMatch(/^8 problems in the configuration$/m);
    expect([code, stdout]).toEqual([2, '']);
  });

  it('refuses what serve would refuse: a remote host without TLS is no matter of connecting', async () => {
    const env = { DATABASE_URL: 'postgres://nobody@db.example.com/none?sslmode=sometimes' };
    for (const command of ['check-config', 'serve']) {
      const { code, stderr } = await runCli([command], env);
      expect(stderr).toMatch(/^DATABASE_URL: sslmode must be disable, /);
      expect(code).toBe(2);
    }
  });
});
