import { DatabaseError } from '../database/explain-database-error.js';
import { prepareConnection } from './command-context.js';
import type { CommandContext, ReadyToConnect } from './command-context.js';
import { exitCode } from './exit-code.js';
import type { ExitCode } from './exit-code.js';
import { memoryRemedies, missesMemory, withState } from './state-database.js';
import type { StateDatabase } from './state-database.js';

/** Runs a command that needs the exporter's memory; says what to do where there is none. */
export async function withMemory(
  context: CommandContext,
  work: (state: StateDatabase, ready: ReadyToConnect) => Promise<ExitCode>,
): Promise<ExitCode> {
  const ready = prepareConnection(context);
  if (ready === null) return exitCode.usage;
  try {
    return await withState(ready, context.terminated, (state) => work(state, ready));
  } catch (error) {
    if (!(error instanceof DatabaseError)) throw error;
    const missing = missesMemory(error);
    context.stderr.write(`${missing === null ? error.message : memoryRemedies[missing]}\n`);
    return exitCode.unknown;
  }
}
