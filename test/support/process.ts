import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { until } from './until.js';

const main = fileURLToPath(new URL('../../dist/main.js', import.meta.url));

export interface CommandResult {
  /** null: ended by a signal. */
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunningCli {
  readonly pid: number;
  stdout(): string;
  stderr(): string;
  /** Waits for a line of either output that matches, and answers with the match. */
  waitForLine(pattern: RegExp, withinMs?: number): Promise<RegExpExecArray>;
  /** Sends `signal`, unless it has ended already, and answers with how it ended. */
  stop(signal?: NodeJS.Signals): Promise<CommandResult>;
  /** How it ended, when it ends by itself. */
  readonly ended: Promise<CommandResult>;
}

type Environment = Readonly<Record<string, string>>;

/** Runs a program to its end. Its environment is ours unless `env` is given. */
export function runProgram(
  program: string,
  args: readonly string[],
  { env, stdin = '' }: { env?: Environment; stdin?: string } = {},
): Promise<CommandResult> {
  const child = spawn(program, args, env && { env });
  child.stdin.on('error', () => undefined).end(stdin);
  return collect(child).ended;
}

/** Runs the built command line to its end: `runCli(['status', '--json'], { DATABASE_URL: url })`. */
export function runCli(args: readonly string[], env: Environment = {}): Promise<CommandResult> {
  return runProgram(process.execPath, [main, ...args], { env: cleanEnvironment(env) });
}

/** Starts the built command line. It can't outlive the test's process. */
export function startCli(args: readonly string[], env: Environment = {}): RunningCli {
  const child = spawn(process.execPath, [main, ...args], { env: cleanEnvironment(env) });
  child.stdin.end();
  const { pid } = child;
  if (pid === undefined) throw new Error(`${process.execPath} could not be started`);
  const killWithUs = () => child.kill('SIGKILL');
  process.once('exit', killWithUs);
  child.once('close', () => process.off('exit', killWithUs));

  const { output, ended } = collect(child);
  return {
    pid,
    ended,
    stdout: () => output.stdout,
    stderr: () => output.stderr,
    waitForLine(pattern, withinMs = 15_000) {
      const find = () => {
        const lines = `${output.stdout}\n${output.stderr}`.split('\n');
        const match = lines.map((line) => pattern.exec(line)).find((found) => found !== null);
        return match ?? Promise.reject(new Error(`its output is ${lines.join('\n')}`));
      };
      return until(`a line matches ${pattern}`, find, { withinMs });
    },
    stop(signal = 'SIGTERM') {
      child.kill(signal);
      return ended;
    },
  };
}

/** Nothing of the developer's own environment may configure what a test starts. */
function cleanEnvironment(env: Environment): Environment {
  return { PATH: process.env['PATH'] ?? '', HOME: process.env['HOME'] ?? '', ...env };
}

function collect(child: ChildProcessWithoutNullStreams) {
  const output = { stdout: '', stderr: '' };
  child.stdout.setEncoding('utf8').on('data', (text: string) => (output.stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (output.stderr += text));
  const ended = new Promise<CommandResult>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => {
      resolve({ code, ...output });
    });
  });
  return { output, ended };
}
