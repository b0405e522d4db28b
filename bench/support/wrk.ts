import { spawn } from 'node:child_process';
import { once } from 'node:events';

/** What one run of the loader saw. */
export interface Load {
  readonly perSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** Answers that were not fine, or did not come. */
  readonly errors: number;
}

export interface LoadOptions {
  readonly connections: number;
  readonly seconds: number;
  readonly headers: Readonly<Record<string, string>>;
}

/** Asks for `url` over and over with Debian's wrk, from one thread. */
export async function load(url: string, options: LoadOptions): Promise<Load> {
  const headers = Object.entries(options.headers).flatMap(([name, value]) => [
    '-H',
    `${name}: ${value}`,
  ]);
  const fixed = ['--latency', '-t1', '--timeout', '30s'];
  const size = [`-c${options.connections}`, `-d${options.seconds}s`];
  const wrk = spawn('wrk', [...fixed, ...size, ...headers, url], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  for (const stream of [wrk.stdout, wrk.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => (output += text));
  }
  const [code] = (await once(wrk, 'close')) as [number | null];
  if (code !== 0) throw new Error(`wrk ended with ${String(code)}:\n${output}`);
  const found = (pattern: RegExp) => pattern.exec(output)?.[1] ?? '';
  const refused = Number(found(/Non-2xx or 3xx responses: (\d+)/) || 0);
  const broken = /connect (\d+), read (\d+), write (\d+), timeout (\d+)/.exec(output) ?? [];
  return {
    perSecond: Number(found(/Requests\/sec:\s+([\d.]+)/)),
    p50Ms: toMs(found(/^\s+50%\s+(\S+)/m)),
    p99Ms: toMs(found(/^\s+99%\s+(\S+)/m)),
    errors: broken.slice(1).reduce((sum, count) => sum + Number(count), refused),
  };
}

function toMs(text: string): number {
  const amount = Number.parseFloat(text);
  if (text.endsWith('us')) return amount / 1_000;
  if (text.endsWith('ms')) return amount;
  return text.endsWith('m') ? amount * 60_000 : amount * 1_000;
}
