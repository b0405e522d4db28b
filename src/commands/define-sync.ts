import { InvalidArgumentError, Option } from 'commander';
import type { Command } from 'commander';
import { defaultSyncType } from '../config/sync-config.js';
import type { BacklogSince } from '../observe/backlog.js';
import { sinceOption } from './backlog-since.js';
import type { CommandContext } from './command-context.js';
import { exitCode } from './exit-code.js';
import type { ExitCode } from './exit-code.js';
import { osUser } from './os-user.js';

/** Defines `sync`, and `backlog`, which lists what `sync --backlog` works off. */
export function defineSync(
  add: (name: string, description: string) => Command,
  context: CommandContext,
  onResult: (code: ExitCode) => void,
): void {
  add('sync', 'ask the application to sync users, and see in its database whether it did')
    .option('--user-id <subject>', 'this user')
    .option('--all-stale', 'everybody whose sync is overdue', false)
    .addOption(
      new Option('--backlog', 'everybody whose items since --since lack something')
        .default(false)
        .conflicts(['userId', 'allStale']),
    )
    .addOption(sinceOption('with --backlog: an instant, or how long ago'))
    .option('--limit <n>', 'with --backlog: at most so many users', wholeNumber)
    .option('--again', 'with --backlog: also whom it was asked for before', false)
    .option('--type <type>', 'how much to sync, as the application calls it', defaultSyncType)
    .option('--provider <name>', 'only this provider')
    .option('--yes', 'do it; without it, show what would be done, and ask at a terminal', false)
    .option('--as <name>', 'who does it, for the ledger', osUser())
    .option('--reason <text>', 'why, for the ledger')
    .option('--json', 'print JSON', false)
    .action(async (options: SyncFlags) => {
      const { userId = null, allStale, since, limit = null, again, yes, json } = options;
      const common = {
        syncType: options.type,
        provider: options.provider ?? null,
        yes,
        json,
        actor: options.as,
        reason: options.reason ?? null,
      };
      if (
        options.backlog !== (since !== undefined) ||
        (!options.backlog && (again || limit !== null))
      ) {
        context.stderr.write(
          '--backlog and --since need each other, --limit and --again need both\n',
        );
        onResult(exitCode.usage);
      } else if (since !== undefined) {
        const { syncBacklog } = await import('./backlog-sync.js');
        onResult(await syncBacklog(context, { ...common, since, limit, again }));
      } else {
        const { sync } = await import('./sync.js');
        onResult(await sync(context, { ...common, userId, allStale }));
      }
    });
  add('backlog', 'list whose items since an outage lack something, and what')
    .addOption(sinceOption('an instant, or how long ago').makeOptionMandatory())
    .option('--provider <name>', 'only this provider')
    .option('--json', 'print JSON', false)
    .action(async ({ since, provider, json }: BacklogFlags) => {
      const { backlog } = await import('./backlog.js');
      onResult(await backlog(context, { since, provider: provider ?? null, json }));
    });
}

function wholeNumber(text: string): number {
  if (/^[1-9]\d{0,5}$/.test(text)) return Number(text);
  throw new InvalidArgumentError('Expected a whole number above 0.');
}

interface BacklogFlags {
  readonly since: BacklogSince;
  readonly provider?: string;
  readonly json: boolean;
}

interface SyncFlags {
  readonly backlog: boolean;
  readonly since?: BacklogSince;
  readonly limit?: number;
  readonly again: boolean;
  readonly userId?: string;
  readonly allStale: boolean;
  readonly type: string;
  readonly provider?: string;
  readonly yes: boolean;
  readonly as: string;
  readonly reason?: string;
  readonly json: boolean;
}
