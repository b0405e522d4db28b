import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

export interface Child {
  /** The next message that it sends. */
  readonly next: () => Promise<unknown>;
  /** Sends a message and waits for the answer. One at a time. */
  readonly ask: (message: string | object) => Promise<unknown>;
  readonly stop: () => Promise<void>;
}

/** Runs a file of the benchmarks in a process of its own; it ends with ours at the latest. */
export function startChild(file: URL, args: readonly string[] = []): Child {
  const child = fork(fileURLToPath(file), [...args]);
  const next = (): Promise<unknown> =>
    new Promise((resolve, reject) => {
      const ended = (code: number | null): void => {
        reject(new Error(`${file.pathname} ended with ${String(code)}`));
      };
      child.once('exit', ended);
      child.once('message', (message) => {
        child.off('exit', ended);
        resolve(message);
      });
    });
  return {
    next,
    ask(message) {
      const answer = next();
      child.send(message);
      return answer;
    },
    async stop() {
      if (child.exitCode !== null || child.signalCode !== null) return;
      const ended = once(child, 'exit');
      child.kill();
      await ended;
    },
  };
}
