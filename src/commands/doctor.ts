import type { Config } from '../config/config.js';
import { DatabaseError, describeTarget } from '../database/explain-database-error.js';
import { readEach } from '../database/read-each.js';
import type { EachReading } from '../database/read-each.js';
import { inspect } from '../observe/inspect.js';
import type { Inspection } from '../observe/inspect.js';
import { ofDatabase } from '../observe/of-database.js';
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
  const { config } = ready;
  let looks: readonly Look[];
  try {
    looks = await withDatabase(ready, context.terminated, (databases) =>
      readEach(databases.of, namesOf(config), async (database, [name]) => {
        const mine = name === undefined ? config : ofDatabase(config, name.database);
        const inspection = await inspect(database, mine, Date.now);
        return { where: describeTarget(database.target), config: mine, inspection };
      }),
    );
  } catch (error) {
    if (!(error instanceof DatabaseError)) throw error;
    context.stderr.write(`${error.message}\n`);
    return exitCode.unknown;
  }
  const findings: Finding[] = [
    ...looks.map(connectionFinding),
    ...ready.warnings.map((text): Finding => ({
      level: 'warning',
      subject: 'configuration',
      text,
      remedy: null,
    })),
    ...looks.flatMap((look) => (look.ok ? diagnose(look.value.config, look.value.inspection) : [])),
  ];
  context.stdout.write(
    json ? `${JSON.stringify(findings, null, 2)}\n` : `${findings.map(formatFinding).join('\n')}\n`,
  );
  return findings.some(({ level }) => level === 'problem') ? exitCode.no : exitCode.fine;
}

/** What was seen of one database, or why it could not be used. */
type Look = EachReading<
  { readonly database: string },
  { readonly where: string; readonly config: Config; readonly inspection: Inspection }
>;

function namesOf({ databases }: Config): { readonly database: string }[] {
  return databases.map(({ name }) => ({ database: name }));
}

function connectionFinding(look: Look): Finding {
  if (!look.ok) {
    const { message, remedy } = look.error.failure;
    return { level: 'problem', subject: 'database', text: message, remedy };
  }
  const { where, inspection } = look.value;
  return {
    level: 'ok',
    subject: 'database',
    text: `connected to ${where} as ${inspection.role}, PostgreSQL ${inspection.serverVersion}`,
    remedy: null,
  };
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
