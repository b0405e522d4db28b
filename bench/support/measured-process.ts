import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

/** How long the event loop was blocked since it was asked last, and the memory of the process. */
export interface LoopReport {
  readonly maxMs: number;
  readonly p99Ms: number;
  /** The most processor time of the main thread between two turns of the loop. */
  readonly processorMs: number;
  readonly rss: number;
  readonly heapUsed: number;
  readonly external: number;
}

/** A Node process whose event loop is watched from inside. It can't outlive this one. */
export interface MeasuredProcess {
  readonly pid: number;
  readonly loop: () => Promise<LoopReport>;
  /** Holds it still, so that it costs the others nothing, and lets it go on. */
  readonly pause: () => void;
  readonly resume: () => void;
  /** How many lines of either output held this text so far. */
  readonly count: (text: string) => number;
  /** Waits for a line of either output that matches, from now on. */
  readonly line: (pattern: RegExp, withinMs?: number) => Promise<string>;
  /** When it has ended, by itself or not. */
  readonly ended: Promise<void>;
  readonly stop: () => Promise<void>;
}

const main = fileURLToPath(new URL('../../dist/main.js', import.meta.url));
const loopWatch = new URL('loop-watch.mjs', import.meta.url).href;

type Environment = Readonly<Record<string, string>>;

/** Runs the built exporter as the image does: `startExporter(['serve'], { DATABASE_URL: url })`. */
export function startExporter(
  args: readonly string[],
  env: Environment,
  nodeArgs: readonly string[] = [],
): MeasuredProcess {
  return startMeasured(['--max-semi-space-size=2', ...nodeArgs, main, ...args], env);
}

/** Runs `node` with these arguments and the watch of its event loop. */
export function startMeasured(args: readonly string[], env: Environment = {}): MeasuredProcess {
  const child = spawn(process.execPath, ['--import', loopWatch, ...args], {
    env: { PATH: process.env['PATH'] ?? '', HOME: process.env['HOME'] ?? '', ...env },
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  });
  const killWithUs = () => child.kill('SIGKILL');
  process.once('exit', killWithUs);
  const ended = once(child, 'close').then(() => {
    process.off('exit', killWithUs);
  });
  let output = '';
  const hearers = new Set<(text: string) => void>();
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding('utf8').on('data', (text: string) => {
      output = (output + text).slice(-1_000_000);
      for (const hear of hearers) hear(text);
    });
  }
  if (child.pid === undefined) throw new Error('node could not be started');
  return {
    pid: child.pid,
    ended,
    pause: () => void child.kill('SIGSTOP'),
    resume: () => void child.kill('SIGCONT'),
    count: (text) => output.split(text).length - 1,
    async loop() {
      const answer = once(child, 'message') as Promise<[LoopReport]>;
      child.send('report');
      return (await answer)[0];
    },
    line(pattern, withinMs = 60_000) {
      return new Promise((resolve, reject) => {
        let heard = '';
        const finish = (line?: string) => {
          clearTimeout(patience);
          hearers.delete(hear);
          child.off('close', gone);
          if (line === undefined) reject(new Error(`no line ${String(pattern)} in:\n${output}`));
          else resolve(line);
        };
        const gone = () => {
          finish();
        };
        const hear = (text: string) => {
          heard += text;
          const found = heard.split('\n').find((line) => pattern.test(line));
          if (found !== undefined) finish(found);
        };
        const patience = setTimeout(gone, withinMs);
        hearers.add(hear);
        child.once('close', gone);
      });
    },
    async stop() {
      child.kill('SIGTERM');
      child.kill('SIGCONT');
      await ended;
    },
  };
}
