import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { startServer } from './server-process.js';
import { until } from './until.js';

/** A server that writes into its folder and chats on its output, as servers do. */
const server = `
  require('node:fs').writeFileSync(process.argv[1] + '/state', 'x');
  setInterval(() => console.log('still here'), 5);
`;

describe('a server for tests', () => {
  it('is gone after stop, with its folder', async () => {
    let folder = '';
    const running = await startServer({
      name: 'chatty',
      command: (ownFolder) => [process.execPath, '-e', server, (folder = ownFolder)],
      ready: () => Promise.resolve(existsSync(`${folder}/state`)),
    });
    await until('it says something', () => running.output().includes('still here'));
    await running.stop();
    await running.stop();
    expect(existsSync(folder)).toBe(false);
  });

  it('tells what the server said when it does not start', async () => {
    const starting = startServer({
      name: 'broken',
      command: () => [process.execPath, '-e', 'console.error("no licence"); process.exit(1)'],
      ready: () => Promise.resolve(false),
    });
    await expect(starting).rejects.toThrow('broken did not start. Its output:\nno licence');
  });

  it('is gone too, with its folder, when the process of the tests is killed', async () => {
    const script = `
      const { existsSync } = await import('node:fs');
      const { startServer } = await import(${JSON.stringify(import.meta.resolve('./server-process.ts'))});
      let folder;
      await startServer({
        name: 'orphan',
        command: (own) => [process.execPath, '-e', ${JSON.stringify(server)}, (folder = own)],
        ready: async () => existsSync(folder + '/state'),
      });
      console.log('folder ' + folder);
      setInterval(() => undefined, 1000);
    `;
    const owner = spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', script]);
    let output = '';
    owner.stdout.setEncoding('utf8').on('data', (text: string) => (output += text));
    owner.stderr.setEncoding('utf8').on('data', (text: string) => (output += text));
    const folder = await until('the server is up', () => /folder (.+)\n/.exec(output)?.[1]);
    expect(existsSync(folder)).toBe(true);

    owner.kill('SIGKILL');
    await once(owner, 'exit');
    await until('its folder is gone', () => !existsSync(folder));
  });
});
