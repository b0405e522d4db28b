import { InvalidArgumentError, Option } from 'commander';
import type { Command } from 'commander';
import { tokenStatuses } from '../assess/token-status.js';
import type { TokenStatus } from '../assess/token-status.js';
import type { AccountMode } from '../notify/mask-account.js';
import { accountsOption } from './accounts-option.js';
import type { CommandContext } from './command-context.js';
import type { ExitCode } from './exit-code.js';
import { liveTerminal } from './live-terminal.js';

/** Defines `status`, and its live view. */
export function defineStatus(
  add: (name: string, description: string) => Command,
  context: CommandContext,
  onResult: (code: ExitCode) => void,
): void {
  add('status', 'list every token: who is EXPIRED, EXPIRING SOON, VALID')
    .option('--json', 'print JSON', false)
    .option('--provider <name>', 'only this provider')
    .addOption(accountsOption('how accounts are shown'))
    .addOption(statusOption('--status <status>', 'only tokens with this status'))
    .addOption(statusOption('--fail-on <status>', 'exit 1 when a listed token has this status'))
    .addOption(
      new Option('--calendar', 'what expires on each of the next 90 days instead')
        .default(false)
        .conflicts(['status', 'failOn']),
    )
    .addOption(
      new Option('--watch', 'a live view that fills the terminal, until q')
        .default(false)
        .conflicts(['json', 'failOn', 'calendar']),
    )
    .action(async ({ watch, ...options }: StatusFlags) => {
      const { provider = null, status: wanted = null, failOn = null } = options;
      const common = { ...options, provider, status: wanted };
      if (watch) {
        const { statusWatch } = await import('./status-watch.js');
        const terminal = liveTerminal(process.stdin, process.stdout);
        onResult(await statusWatch(context, common, terminal));
      } else {
        const { status } = await import('./status.js');
        onResult(await status(context, { ...common, failOn }));
      }
    });
}

interface StatusFlags {
  readonly json: boolean;
  readonly provider?: string;
  readonly accounts: AccountMode;
  readonly status?: TokenStatus;
  readonly failOn?: TokenStatus;
  readonly calendar: boolean;
  readonly watch: boolean;
}

/** `expiring-soon`, `EXPIRING SOON` and `expiring_soon` are the same to a person. */
function statusOption(flags: string, description: string): Option {
  return new Option(flags, `${description} (${tokenStatuses.join(', ')})`).argParser((value) => {
    const wanted = value.trim().toLowerCase().replaceAll(/[- ]/g, '_');
    const found = tokenStatuses.find((each) => each === wanted);
    if (found === undefined) {
      throw new InvalidArgumentError(`Expected one of: ${tokenStatuses.join(', ')}.`);
    }
    return found;
  });
}
