import { DatabaseError, explainDatabaseError } from '../database/explain-database-error.js';
import { migrate as applyMigrations, migrationSql, stateSchema } from '../store/migrate.js';
import { explainStateProblem } from '../store/open-state.js';
import { openStatePool } from '../store/open-state-pool.js';
import { prepareConnection } from './command-context.js';
import type { CommandContext } from './command-context.js';
import { exitCode } from './exit-code.js';
import type { ExitCode } from './exit-code.js';

/** `migrate`: prints the schema of the exporter's memory, or brings it up to date. */
export async function migrate(context: CommandContext, print: boolean): Promise<ExitCode> {
  if (print) {
    context.stdout.write(`${migrationSql().trim()}\n`);
    return exitCode.fine;
  }
  const ready = prepareConnection(context);
  if (ready === null) return exitCode.usage;
  const { pool, target } = openStatePool(ready.connections, () => undefined);
  const where = `${target.database} on ${target.host}:${String(target.port)}`;
  try {
    const applied = await applyMigrations(pool);
    context.stdout.write(
      applied.length === 0
        ? `the schema ${stateSchema} in ${where} is up to date\n`
        : `the schema ${stateSchema} in ${where} is now at version ${applied.map(String).join(', ')}\n`,
    );
    return exitCode.fine;
  } catch (error) {
    if (isRefusal(error)) {
      context.stderr.write(`${explainStateProblem(error)}\n`);
      return exitCode.no;
    }
    context.stderr.write(`${new DatabaseError(explainDatabaseError(error, target)).message}\n`);
    return exitCode.unknown;
  } finally {
    await pool.end();
  }
}

/** The database was reached, and the answer is no: not permitted, read-only, a newer schema. */
function isRefusal(error: unknown): boolean {
  const { code } = error as { code?: unknown };
  if (code === '42501' || code === '25006') return true;
  return code === undefined && error instanceof Error && error.message.includes('newer exporter');
}
