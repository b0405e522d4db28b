import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { openSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const main = fileURLToPath(new URL('../../dist/main.js', import.meta.url));

export interface ServeOptions {
  /** For its configuration, its journal and its log; the caller deletes it. */
  readonly directory: string;
  readonly name: string;
  readonly databaseUrl: string;
  readonly tokenEndpoint: string;
  readonly port: number;
  readonly pollInterval: string;
  readonly concurrency: number;
  /** Arguments of Node before those of the program. */
  readonly nodeArguments?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

export interface ServeProcess {
  readonly url: string;
  readonly metrics: () => Promise<string>;
  /** The value of a metric without labels. */
  readonly metric: (name: string) => Promise<number>;
  readonly stop: () => Promise<void>;
}

/** Starts the built `serve` as an operator would, its log in a file. */
export function startServe(options: ServeOptions): ServeProcess {
  const { directory, name } = options;
  const file = join(directory, `${name}.yaml`);
  writeFileSync(
    file,
    `providers:
  fathom:
    preset: fathom
    refresh:
      token_endpoint:
        url: ${options.tokenEndpoint}
        client_id: client
        client_secret: secret
      rate_limit: 999999/s
      concurrency: ${String(options.concurrency)}
`,
  );
  const log = openSync(join(directory, `${name}.log`), 'a');
  const child = spawn(process.execPath, [...(options.nodeArguments ?? []), main, 'serve'], {
    stdio: ['ignore', log, log],
    env: {
      PATH: process.env['PATH'] ?? '',
      DATABASE_URL: options.databaseUrl,
      CONFIG_FILE: file,
      LISTEN_ADDRESS: `127.0.0.1:${String(options.port)}`,
      POLL_INTERVAL: options.pollInterval,
      JOURNAL_DIR: join(directory, `journal-${name}`),
      ...options.env,
    },
  });
  const killWithUs = (): void => void child.kill('SIGKILL');
  process.once('exit', killWithUs);
  const url = `http://127.0.0.1:${String(options.port)}`;
  const metrics = async (): Promise<string> => (await fetch(`${url}/metrics`)).text();
  return {
    url,
    metrics,
    async metric(metricName) {
      const text = await metrics();
      return Number(new RegExp(`^${metricName} (.*)$`, 'm').exec(text)?.[1]);
    },
    async stop() {
      process.off('exit', killWithUs);
      if (child.exitCode !== null || child.signalCode !== null) return;
      const ended = once(child, 'exit');
      child.kill('SIGTERM');
      await ended;
    },
  };
}
