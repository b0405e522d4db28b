import type { Command } from 'commander';
import type { CommandContext } from './command-context.js';
import { instantOption } from './define-remedies.js';
import type { ExitCode } from './exit-code.js';
import { osUser } from './os-user.js';

/** Defines `verify`. */
export function defineVerify(
  add: (name: string, description: string) => Command,
  context: CommandContext,
  onResult: (code: ExitCode) => void,
): void {
  add('verify', "run the runbook's checks after an incident, with a verdict and its evidence each")
    .option('--provider <name>', 'only this provider')
    .addOption(instantOption('--since <instant>', 'who came back since then, not since the mail'))
    .option('--sync-user <subject>', 'also sync this user once, as a test')
    .option('--yes', 'ask for that sync; without it, ask at a terminal first', false)
    .option('--as <name>', 'who does it, for the ledger', osUser())
    .option('--reason <text>', 'why, for the ledger')
    .option('--json', 'print JSON', false)
    .action(async (options: VerifyFlags) => {
      const { verify } = await import('./verify.js');
      onResult(
        await verify(context, {
          provider: options.provider ?? null,
          since: options.since ?? null,
          syncUser: options.syncUser ?? null,
          yes: options.yes,
          json: options.json,
          actor: options.as,
          reason: options.reason ?? null,
        }),
      );
    });
}

interface VerifyFlags {
  readonly provider?: string;
  readonly since?: Date;
  readonly syncUser?: string;
  readonly yes: boolean;
  readonly as: string;
  readonly reason?: string;
  readonly json: boolean;
}
