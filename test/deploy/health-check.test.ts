import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { runProgram } from '../support/process.js';
import { readText } from './files.js';

const command = /HEALTHCHECK [^]*?CMD (\[.*\])/.exec(readText('Dockerfile'))?.[1] ?? '[]';
const [, ...args] = JSON.parse(command) as string[];

/** Runs the image's health check against this machine; answers with its exit code. */
async function healthCheck(listenAddress: string): Promise<number | null> {
  const env = { LISTEN_ADDRESS: listenAddress };
  return (await runProgram(process.execPath, args, { env })).code;
}

describe("the image's health check", () => {
  const requests: string[] = [];
  let status = 200;
  const server = createServer(({ url }, response) => {
    requests.push(url ?? '');
    response.writeHead(status).end();
  });
  const listening = new Promise<number>((resolve) => {
    server.listen(0, '127.0.0.1', () => {
      resolve((server.address() as AddressInfo).port);
    });
  });
  afterEach(() => {
    requests.length = 0;
    status = 200;
  });

  it('is content with an exporter that answers, on whatever address it listens', async () => {
    const port = await listening;
    expect(await healthCheck(`0.0.0.0:${port}`)).toBe(0);
    expect(await healthCheck(`:${port}`)).toBe(0);
    expect(requests).toEqual(['/-/healthy', '/-/healthy']);
  });

  it('fails when the exporter answers with an error, and when nothing answers', async () => {
    const port = await listening;
    status = 503;
    expect(await healthCheck(`0.0.0.0:${port}`)).toBe(1);
    server.close();
    expect(await healthCheck(`0.0.0.0:${port}`)).toBe(1);
  });
});
