import { DatabaseError } from '../database/explain-database-error.js';
import { prepareConnection } from './command-context.js';
import type { CommandContext } from './command-context.js';
import { askYes } from './ask-yes.js';
import { exitCode } from './exit-code.js';
import type { ExitCode } from './exit-code.js';
import { formatPlan, formatSynced, syncJson } from './format-syncs.js';
import { printable } from './printable.js';
import { runSyncs } from './run-syncs.js';
import { selectSyncs } from './select-syncs.js';
import type { SelectedSync } from './select-syncs.js';
import { withDatabases } from './state-database.js';
import { selectProviders } from './select-providers.js';
import { describeUnread } from './unread-provider.js';
import type { UnreadProvider } from './unread-provider.js';

export interface SyncOptions {
  readonly userId: string | null;
  readonly allStale: boolean;
  readonly syncType: string;
  readonly provider: string | null;
  readonly yes: boolean;
  readonly json: boolean;
  /** Who does it, and why, for the ledger. */
  readonly actor: string;
  readonly reason: string | null;
}

/** `sync`: asks the application to sync users, and says by its database whether it did. */
export async function sync(context: CommandContext, options: SyncOptions): Promise<ExitCode> {
  const usage = (text: string): ExitCode => {
    context.stderr.write(`${text}\n`);
    return exitCode.usage;
  };
  if ((options.userId === null) !== options.allStale) {
    return usage('say whom to sync: --user-id, or --all-stale for everybody who is overdue');
  }
  const ready = prepareConnection(context);
  if (ready === null) return exitCode.usage;
  const { config } = ready;
  const selected = selectProviders(config.providers, options.provider);
  if ('problem' in selected) return usage(selected.problem);
  const { providers } = selected;
  if (providers.every(({ syncs }) => (syncs?.endpoint ?? null) === null)) {
    return usage(
      'no sync endpoint is configured: set SUPABASE_URL and SUPABASE_SERVICE_ROLE_KEY, or map syncs.endpoint',
    );
  }
  try {
    // What was asked for is told also after Ctrl-C: it ends the calls, and not the connections.
    return await withDatabases(
      ready,
      new AbortController().signal,
      async ({ of: databaseOf }, state) => {
        const { syncs, unread, notes } = await selectSyncs(databaseOf, providers, options);
        for (const line of [...unread.map(describeUnread), ...notes]) {
          context.stderr.write(`${printable(line)}\n`);
        }
        const answer = await plan(context, options, syncs, unread);
        if (answer !== 'go') return unread.length > 0 ? exitCode.unknown : answer;
        const order = { ...options, event: 'sync_requested', stopsUnnoted: false };
        const { judged, code, remarks } = await runSyncs(context, order, databaseOf, state, syncs);
        context.stdout.write(options.json ? syncJson(judged, false, unread) : formatSynced(judged));
        for (const line of remarks) context.stderr.write(`${line}\n`);
        return unread.length > 0 ? exitCode.unknown : code;
      },
    );
  } catch (error) {
    if (!(error instanceof DatabaseError)) throw error;
    context.stderr.write(`${error.message}\n`);
    return exitCode.unknown;
  }
}

/** Shows what would be done, and finds out whether to do it. */
async function plan(
  context: CommandContext,
  { yes, json, userId }: SyncOptions,
  syncs: readonly SelectedSync[],
  unread: readonly UnreadProvider[],
): Promise<ExitCode | 'go'> {
  if (syncs.length === 0) {
    const nobody = userId === null ? 'nobody is overdue' : 'there is no such user';
    if (json) context.stdout.write(syncJson([], true, unread));
    // "Nobody" would be a guess while something is unknown.
    else if (unread.length === 0) context.stdout.write(`${nobody}\n`);
    return userId === null ? exitCode.fine : exitCode.no;
  }
  if (!json) context.stdout.write(formatPlan(syncs));
  if (yes || (!json && (await askYes(context, false, 'Ask for these syncs?')))) return 'go';
  context.stdout.write(
    json
      ? syncJson(
          syncs.map((target) => ({ target, outcome: 'not_tried', detail: '', after: null })),
          true,
          unread,
        )
      : 'nothing was done; to do it, add --yes\n',
  );
  return exitCode.fine;
}
