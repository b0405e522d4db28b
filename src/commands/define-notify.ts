import type { Command } from 'commander';
import type { CommandContext } from './command-context.js';
import type { ExitCode } from './exit-code.js';
import { osUser } from './os-user.js';

/** Defines the commands about what people are told. */
export function defineNotify(
  add: (name: string, description: string) => Command,
  context: CommandContext,
  onResult: (code: ExitCode) => void,
): void {
  add('silence', 'tell nobody of some incidents for a while')
    .option('--provider <name>', 'those of this provider')
    .option('--cause <cause>', 'those of this cause')
    .requiredOption('--for <duration>', 'how long: 30m, 2h, 1d')
    .requiredOption('--reason <text>', 'why, for the others')
    .option('--as <name>', 'who does it', osUser())
    .action(async (options: SilenceFlags) => {
      const { silence } = await import('./silence.js');
      onResult(
        await silence(context, {
          provider: options.provider ?? null,
          cause: options.cause ?? null,
          forTime: options.for,
          reason: options.reason,
          actor: options.as,
        }),
      );
    });
  add('silences', 'list what people are not told of now, and why').action(async () => {
    const { listSilences } = await import('./silence.js');
    onResult(await listSilences(context));
  });
  add('unsilence', 'end a silence before its time')
    .argument('<id>', 'id of the silence, as silences shows it')
    .option('--as <name>', 'who does it', osUser())
    .action(async (id: string, { as }: { as: string }) => {
      const { unsilence } = await import('./silence.js');
      onResult(await unsilence(context, { id, actor: as }));
    });
  add('notify', 'see that messages reach people')
    .command('test')
    .description('send one marked test message, and say what Slack answered')
    .option('--webhook <name>', 'only over this webhook')
    .allowExcessArguments(false)
    .exitOverride()
    .action(async ({ webhook }: { webhook?: string }) => {
      const { notifyTest } = await import('./notify.js');
      onResult(await notifyTest(context, { webhook: webhook ?? null }));
    });
}

interface SilenceFlags {
  readonly provider?: string;
  readonly cause?: string;
  readonly for: string;
  readonly reason: string;
  readonly as: string;
}
