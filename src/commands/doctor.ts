import { DatabaseError } from '../database/explain-database-error.js';
import { inspect } from '../observe/inspect.js';
import type { Inspection } from '../observe/inspect.js';
import { prepareConnection, withDatabase } from './command-context.js';
import type { CommandContext } from './command-context.js';
import { diagnose } from './diagnose.js';
import type { Finding } from './diagnose.js';
import { exitCode } from './exit-code.js';
import type { ExitCode } from './exit-code.js';
import { printable } from './printable.js';

/** `doctor`: connects, and lists what was found, what is missing, and the statement that helps. */
export async function doctor(context: CommandContext, json: boolean): Promise<ExitCode> {
  const ready = prepareConnection(context);
  if (ready === null) return exitCode.usage;
  const { config, connection } = ready;
  const where = `${connection.target.host}:${String(connection.target.port)}`;

  let inspection: Inspection;
  try {
    inspection = await withDatabase(ready, context.terminated, (database) =>
      inspect(database, config, Date.now),
    );
  } catch (error) {
    if (!(error instanceof DatabaseError)) throw error;
    context.stderr.write(`${error.message}\n`);
    return exitCode.unknown;
  }
  const findings: Finding[] = [
    {
      level: 'ok',
      subject: 'database',
      text: `connected to ${where} as ${inspection.role}, PostgreSQL ${inspection.serverVersion}`,
      remedy: null,
    },
    ...ready.warnings.map((text): Finding => ({
      level: 'warning',
      subject: 'configuration',
      text,
      remedy: null,
    })),
    ...diagnose(config, inspection),
  ];
  context.stdout.write(
    json ? `${JSON.stringify(findings, null, 2)}\n` : `${findings.map(formatFinding).join('\n')}\n`,
  );
  return findings.some(({ level }) => level === 'problem') ? exitCode.no : exitCode.fine;
}

const marks = {
  ok: 'ok      ',
  absent: 'absent  ',
  hint: 'hint    ',
  warning: 'WARNING ',
  problem: 'PROBLEM ',
};

function formatFinding({ level, subject, text, remedy }: Finding): string {
  const line = `${marks[level]} ${subject}: ${printable(text)}`;
  return remedy === null ? line : `${line}\n         ${printable(remedy)}`;
}
