import { createInterface } from 'node:readline/promises';
import type { CommandContext } from './command-context.js';

/** Asks a person at a terminal; false for anything but yes, and where nobody is there to ask. */
export async function confirm(context: CommandContext, question: string): Promise<boolean> {
  if (!context.stdout.isTTY || !process.stdin.isTTY) return false;
  const terminal = createInterface({ input: process.stdin, output: process.stdout });
  try {
    const answer = await terminal.question(`${question} [y/N] `, { signal: context.terminated });
    return /^y(es)?$/i.test(answer.trim());
  } catch {
    return false;
  } finally {
    terminal.close();
  }
}
