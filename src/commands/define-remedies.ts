import { InvalidArgumentError, Option } from 'commander';
import type { Command } from 'commander';
import type { ReactivateSelector } from '../remedy/reactivate-choice.js';
import { requestPatienceMs } from '../store/refresh-requests.js';
import { accountsOption } from './accounts-option.js';
import type { CommandContext } from './command-context.js';
import type { ExitCode } from './exit-code.js';
import type { AccountMode } from '../notify/mask-account.js';
import { osUser } from './os-user.js';

/** Defines the commands that act after an incident, with the options that all of them have. */
export function defineRemedies(
  add: (name: string, description: string) => Command,
  context: CommandContext,
  onResult: (code: ExitCode) => void,
): void {
  const remedy = (name: string, description: string) =>
    add(name, description)
      .option('--provider <name>', 'only this provider')
      .option('--yes', 'do it; without it, only show what would be done', false)
      .option('--as <name>', 'who does it, for the ledger', osUser())
      .option('--reason <text>', 'why, for the ledger')
      .option('--json', 'print JSON', false)
      .addOption(accountsOption('how accounts and addresses are shown'));

  remedy('reconnect', 'list who must authorize again, why, and since when; or write to them')
    .option('--all-expired', 'also whoever is merely expired or inactive', false)
    .addOption(
      new Option('--csv', 'print CSV').default(false).conflicts(['json', 'notify', 'verify']),
    )
    .addOption(new Option('--notify', 'write to each of them once').default(false))
    .option('--force', 'also to whoever was written to within 7 days', false)
    .addOption(new Option('--verify', 'who came back').default(false).conflicts('notify'))
    .addOption(instantOption('--since <instant>', 'with --verify: since then, not since the mail'))
    .action(async ({ provider, csv, as, reason, ...options }: ReconnectFlags) => {
      const common = { ...options, provider: provider ?? null };
      const format = options.json ? 'json' : csv ? 'csv' : 'table';
      if (options.notify) {
        const order = { actor: as, reason: reason ?? null };
        const { reconnectNotify } = await import('./reconnect-notify.js');
        onResult(await reconnectNotify(context, { ...common, ...order }));
      } else if (options.verify) {
        const { reconnectVerify } = await import('./reconnect-verify.js');
        onResult(await reconnectVerify(context, { ...common, since: options.since ?? null }));
      } else {
        const { reconnect } = await import('./reconnect.js');
        onResult(await reconnect(context, { ...common, format }));
      }
    });
  remedy('deactivate', 'switch off the rows of dead grants, all or none')
    .requiredOption('--expired', 'those whose access token has expired')
    .option('--force', 'also rows that are not proven dead', false)
    .option('--here', 'refresh in this process instead of the running exporter', false)
    .action(async (options: SwitchFlags) => {
      const { deactivate } = await import('./deactivate.js');
      onResult(await deactivate(context, { ...options, ...switchMeans(options) }));
    });
  remedy('reactivate', 'switch rows on again, once a refresh has proven their grants')
    .option('--token-id <id>', 'this row')
    .option('--user-id <subject>', 'the rows of this user')
    .option('--falsely-deactivated', 'every row that is inactive although its token is valid')
    .option('--undo', 'what deactivate switched off, by the ledger')
    .option('--force', 'without proving the grant', false)
    .option('--here', 'refresh in this process instead of the running exporter', false)
    .action(async (options: ReactivateFlags) => {
      const selector = reactivateSelector(options);
      const { reactivate } = await import('./reactivate.js');
      onResult(await reactivate(context, { ...options, ...switchMeans(options), selector }));
    });
}

interface ReconnectFlags extends RemedyFlags {
  readonly allExpired: boolean;
  readonly csv: boolean;
  readonly notify: boolean;
  readonly force: boolean;
  readonly verify: boolean;
  readonly since?: Date;
}

interface RemedyFlags {
  readonly provider?: string;
  readonly yes: boolean;
  readonly as: string;
  readonly reason?: string;
  readonly json: boolean;
  readonly accounts: AccountMode;
}

interface SwitchFlags extends RemedyFlags {
  readonly force: boolean;
  readonly here: boolean;
}

function switchMeans({ provider, reason, as }: SwitchFlags) {
  return {
    provider: provider ?? null,
    reason: reason ?? null,
    actor: as,
    patienceMs: requestPatienceMs,
  };
}

interface ReactivateFlags extends SwitchFlags {
  readonly tokenId?: string;
  readonly userId?: string;
  readonly falselyDeactivated?: boolean;
  readonly undo?: boolean;
}

function reactivateSelector(flags: ReactivateFlags): ReactivateSelector | null {
  const { tokenId, userId, falselyDeactivated = false, undo = false } = flags;
  const wanted: ReactivateSelector[] = [];
  if (tokenId !== undefined) wanted.push({ kind: 'token', id: tokenId });
  if (userId !== undefined) wanted.push({ kind: 'user', subject: userId });
  if (falselyDeactivated) wanted.push({ kind: 'falsely_deactivated' });
  if (undo) wanted.push({ kind: 'undo' });
  return wanted.length === 1 ? (wanted[0] ?? null) : null;
}

/** `2025-11-29T00:54:00Z`. */
export function instantOption(flags: string, description: string): Option {
  return new Option(flags, description).argParser((text) => {
    const instant = new Date(/^\d{4}-\d\d-\d\d/.test(text) ? text : Number.NaN);
    if (!Number.isNaN(instant.getTime())) return instant;
    throw new InvalidArgumentError('Write it as 2025-11-29 or 2025-11-29T00:54:00Z.');
  });
}
