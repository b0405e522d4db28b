import type { CommandContext, CommandOutput } from '../../src/commands/command-context.js';
import type { ExitCode } from '../../src/commands/exit-code.js';

export interface Captured {
  readonly code: ExitCode;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a command in this process and captures what it writes. */
export async function capture(
  env: NodeJS.ProcessEnv,
  command: (context: CommandContext) => Promise<ExitCode>,
): Promise<Captured> {
  const written = { stdout: '', stderr: '' };
  const output = (stream: 'stdout' | 'stderr'): CommandOutput => ({
    isTTY: false,
    colours: false,
    write: (text) => {
      written[stream] += text;
    },
  });
  const code = await command({
    env,
    cwd: '/nowhere',
    version: 'test',
    stdout: output('stdout'),
    stderr: output('stderr'),
    terminated: new AbortController().signal,
  });
  return { code, ...written };
}
