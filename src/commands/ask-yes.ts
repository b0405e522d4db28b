import { createInterface } from 'node:readline/promises';
import type { CommandContext } from './command-context.js';

/**
 * Whether what was shown is to be done: with `--yes` it is, and else a person on a terminal is
 * asked. Anything but a typed `yes` is a no; so is a pipe, where nobody can be asked.
 */
export async function askYes(
  { stdout, terminated }: CommandContext,
  yes: boolean,
  question: string,
): Promise<boolean> {
  if (yes) return true;
  if (!stdout.isTTY || !process.stdin.isTTY) return false;
  const terminal = createInterface({ input: process.stdin, output: process.stdout });
  try {
    const answer = await terminal.question(`${question} Type yes: `, { signal: terminated });
    return /^y(es)?$/i.test(answer.trim());
  } catch {
    return false;
  } finally {
    terminal.close();
  }
}
