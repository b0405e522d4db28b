import type { Command } from 'commander';
import type { CommandContext } from './command-context.js';
import type { ExitCode } from './exit-code.js';
import { osUser } from './os-user.js';
import { defaultSyncType } from '../remedy/call-sync-endpoint.js';
import { sync } from './sync.js';

/** Defines `sync`. */
export function defineSync(
  add: (name: string, description: string) => Command,
  context: CommandContext,
  onResult: (code: ExitCode) => void,
): void {
  add('sync', 'ask the application to sync users, and see in its database whether it did')
    .option('--user-id <subject>', 'this user')
    .option('--all-stale', 'everybody whose sync is overdue', false)
    .option('--type <type>', 'how much to sync, as the application calls it', defaultSyncType)
    .option('--provider <name>', 'only this provider')
    .option('--yes', 'do it; without it, show what would be done, and ask at a terminal', false)
    .option('--as <name>', 'who does it, for the ledger', osUser())
    .option('--reason <text>', 'why, for the ledger')
    .option('--json', 'print JSON', false)
    .action(async (options: SyncFlags) => {
      onResult(
        await sync(context, {
          userId: options.userId ?? null,
          allStale: options.allStale,
          syncType: options.type,
          provider: options.provider ?? null,
          yes: options.yes,
          json: options.json,
          actor: options.as,
          reason: options.reason ?? null,
        }),
      );
    });
}

interface SyncFlags {
  readonly userId?: string;
  readonly allStale: boolean;
  readonly type: string;
  readonly provider?: string;
  readonly yes: boolean;
  readonly as: string;
  readonly reason?: string;
  readonly json: boolean;
}
