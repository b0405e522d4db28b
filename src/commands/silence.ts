import { formatInstant } from '../config/format-instant.js';
import { describeScope, planSilence } from '../notify/plan-silence.js';
import type { SilenceProblem } from '../notify/plan-silence.js';
import { addSilence, endSilence, readSilences } from '../store/silences.js';
import type { Silence } from '../store/silences.js';
import { prepareConnection } from './command-context.js';
import type { CommandContext } from './command-context.js';
import { exitCode } from './exit-code.js';
import type { ExitCode } from './exit-code.js';
import { printable } from './printable.js';
import { formatTable } from './table.js';
import { withMemory } from './with-memory.js';

export interface SilenceOptions {
  /** null: every provider. */
  readonly provider: string | null;
  /** null: every cause. */
  readonly cause: string | null;
  /** How long, as a person wrote it. */
  readonly forTime: string;
  readonly reason: string;
  /** Who does it. */
  readonly actor: string;
}

/** `silence`: nobody is told of these incidents for a while. They stay open, and in the metrics. */
export async function silence(context: CommandContext, options: SilenceOptions): Promise<ExitCode> {
  const { provider, forTime, reason, actor } = options;
  const ready = prepareConnection(context);
  if (ready === null) return exitCode.usage;
  const providers = ready.config.providers.map(({ name }) => name);
  const planned = planSilence({ provider, cause: options.cause, for: forTime, reason }, providers);
  if (!planned.ok) {
    context.stderr.write(`${explainProblem(planned.problem, forTime)}\n`);
    return exitCode.usage;
  }
  const { silence: wanted } = planned;
  return withMemory(context, async (state) => {
    const { id, endsAt } = await state.run((query) =>
      addSilence(query, { ...wanted, createdBy: actor }),
    );
    context.stdout.write(
      `silence ${String(id)}: nobody is told of ${describeScope(wanted)} until ${instant(endsAt)}\n` +
        `what is still open then is told; to end it before: unsilence ${String(id)}\n`,
    );
    return exitCode.fine;
  });
}

function explainProblem({ about, text }: SilenceProblem, forTime: string): string {
  switch (about) {
    case 'scope':
      return text;
    case 'for':
      return `--for ${forTime}: ${text}`;
    case 'reason':
      return `say why with --reason: ${text}`;
  }
}

/** `silences`: what people are not told of now, and why. */
export function listSilences(context: CommandContext): Promise<ExitCode> {
  return withMemory(context, async (state) => {
    const silences = await state.run(readSilences);
    if (silences.length === 0) {
      context.stdout.write('nothing is silenced\n');
      return exitCode.fine;
    }
    const header = ['id', 'provider', 'cause', 'until', 'by', 'reason'];
    const rows = silences.map((each) => [
      String(each.id),
      each.provider ?? 'every one',
      each.cause ?? 'every one',
      instant(each.endsAt),
      each.createdBy,
      each.reason,
    ]);
    context.stdout.write(`${formatTable(header, rows)}\n`);
    return exitCode.fine;
  });
}

/** `unsilence`: ends a silence before its time. */
export function unsilence(
  context: CommandContext,
  { id, actor }: { readonly id: string; readonly actor: string },
): Promise<ExitCode> {
  if (!/^\d{1,9}$/.test(id)) {
    context.stderr.write('that is no id of a silence: silences shows them\n');
    return Promise.resolve(exitCode.usage);
  }
  return withMemory(context, async (state) => {
    const ended = await state.run((query) => endSilence(query, Number(id), actor));
    if (ended === null) {
      context.stderr.write(`no silence ${id} holds now: silences shows those that do\n`);
      return exitCode.no;
    }
    context.stdout.write(`people are told of ${describeScope(ended)} again\n`);
    return exitCode.fine;
  });
}

/** A line for each silence, for whoever looks at the state of the tokens. */
export function formatSilences(silences: readonly Silence[]): string {
  return silences
    .map(
      (each) =>
        `silenced until ${instant(each.endsAt)}: ${describeScope(each)} (${printable(each.createdBy)}: ${printable(each.reason)})\n`,
    )
    .join('');
}

function instant(at: Date): string {
  return formatInstant(at.getTime()) ?? '';
}
