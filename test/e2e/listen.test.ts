import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { afterEach, describe, expect, it, onTestFinished } from 'vitest';
import { runCli, startCli, type RunningCli } from '../support/process.js';
import { findFreePort } from '../support/free-port.js';

/** Nothing listens there: these tests need no database. */
const DATABASE_URL = 'postgres://nobody@127.0.0.1:1/none';

const lastLine = (text: string) => text.trimEnd().split('\n').at(-1);

let cli: RunningCli | null = null;
afterEach(async () => {
  await cli?.stop('SIGKILL');
});

describe('serve', () => {
  it('exits 2 when its address is taken', async () => {
    const other = createServer().listen(0, '127.0.0.1');
    await once(other, 'listening');
    onTestFinished(() => void other.close());
    const { port } = other.address() as AddressInfo;
    const LISTEN_ADDRESS = `127.0.0.1:${port}`;
    const { code, stdout, stderr } = await runCli(['serve'], { DATABASE_URL, LISTEN_ADDRESS });
    expect(lastLine(stderr)).toBe(
      `${LISTEN_ADDRESS} is taken, perhaps by another exporter; set LISTEN_ADDRESS to another port`,
    );
    expect([code, stdout]).toEqual([2, '']);
  });

  it.each(['192.0.2.1:6749', '[2001:db8::1]:6749', 'no-such-host.invalid:6749'])(
    'exits 2 when its address is none of this machine: %s',
    async (LISTEN_ADDRESS) => {
      const { code, stderr } = await runCli(['serve'], { DATABASE_URL, LISTEN_ADDRESS });
      expect(lastLine(stderr)).toBe(
        `${LISTEN_ADDRESS} is no address of this machine; set LISTEN_ADDRESS to one that is`,
      );
      expect(code).toBe(2);
    },
  );

  it('without a host listens on every interface, and says an address that works', async () => {
    const port = await findFreePort();
    cli = startCli(['serve'], { DATABASE_URL, LISTEN_ADDRESS: `:${port}` });
    const [, url = ''] = await cli.waitForLine(/"url":"([^"]+)"/);
    expect(url).toBe(`http://localhost:${port}`);
    for (const host of ['127.0.0.1', 'localhost']) {
      expect((await fetch(`http://${host}:${port}/-/healthy`)).status).toBe(200);
    }
  });

  it('without a database exits 2, names DATABASE_URL, and shows no demo', async () => {
    const { code, stdout, stderr } = await runCli(['serve']);
    expect(code).toBe(2);
    expect(stdout).toBe('');
    expect(stderr).toMatch(/^DATABASE_URL: is required: set it to postgresql:/);
    expect(stderr).toContain('1 problem in the configuration\n');
  });
});
