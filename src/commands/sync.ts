import { DatabaseError } from '../database/explain-database-error.js';
import type { SnapshotSource } from '../database/read-snapshot.js';
import { openConnections } from '../refresh/bounded-request.js';
import { callSyncEndpoint } from '../remedy/call-sync-endpoint.js';
import { syncUsers } from '../remedy/sync-users.js';
import type { SyncedUser } from '../remedy/sync-users.js';
import { writeLedger } from '../store/write-ledger.js';
import { prepareConnection } from './command-context.js';
import type { CommandContext } from './command-context.js';
import { askYes } from './ask-yes.js';
import { exitCode } from './exit-code.js';
import type { ExitCode } from './exit-code.js';
import { formatPlan, formatSynced, syncJson } from './format-syncs.js';
import { judgeSynced } from './judge-synced.js';
import type { JudgedSync } from './judge-synced.js';
import { printable } from './printable.js';
import { selectSyncs } from './select-syncs.js';
import type { SelectedSync } from './select-syncs.js';
import { withDatabases } from './state-database.js';
import type { StateDatabase } from './state-database.js';
import { selectProviders } from './select-providers.js';

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
    return await withDatabases(ready, new AbortController().signal, async (database, state) => {
      const { syncs, unread } = await selectSyncs(database, providers, options);
      for (const line of unread) context.stderr.write(`${printable(line)}\n`);
      const answer = await plan(context, options, syncs);
      if (answer !== 'go') return unread.length > 0 ? exitCode.unknown : answer;
      const code = await run(context, options, database, state, syncs);
      return unread.length > 0 ? exitCode.unknown : code;
    });
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
): Promise<ExitCode | 'go'> {
  if (syncs.length === 0) {
    const nobody = userId === null ? 'nobody is overdue' : 'there is no such user';
    context.stdout.write(json ? syncJson([], true) : `${nobody}\n`);
    return userId === null ? exitCode.fine : exitCode.no;
  }
  if (!json) context.stdout.write(formatPlan(syncs));
  if (yes || (!json && (await askYes(context, false, 'Ask for these syncs?')))) return 'go';
  context.stdout.write(
    json
      ? syncJson(
          syncs.map((target) => ({ target, outcome: 'not_tried', detail: '', after: null })),
          true,
        )
      : 'nothing was done; to do it, add --yes\n',
  );
  return exitCode.fine;
}

async function run(
  context: CommandContext,
  options: SyncOptions,
  database: SnapshotSource,
  state: StateDatabase,
  syncs: readonly SelectedSync[],
): Promise<ExitCode> {
  const judged = await askForSyncs(context, options, database, state, syncs);
  context.stdout.write(options.json ? syncJson(judged, false) : formatSynced(judged));
  const quota = judged.find(({ outcome }) => outcome === 'quota');
  if (quota !== undefined) {
    context.stderr.write(
      printable(`stopped, the quota is used up: ${quota.detail}; raise it, then run this again`) +
        '\n',
    );
  }
  if (context.terminated.aborted)
    context.stderr.write('interrupted: run this again for the rest\n');
  const fine = judged.every(({ outcome, after }) => outcome === 'success' && after?.moved === true);
  return fine ? exitCode.fine : exitCode.no;
}

/** How much is asked for, and what the ledger says of who asked and why. */
type SyncOrder = Pick<SyncOptions, 'actor' | 'reason' | 'syncType'>;

/**
 * Asks for these syncs, notes each of them in the ledger, and says by the database what came of it.
 * Ctrl-C ends the calls; what was asked is told nevertheless.
 */
export async function askForSyncs(
  context: CommandContext,
  order: SyncOrder,
  database: SnapshotSource,
  state: StateDatabase,
  syncs: readonly SelectedSync[],
): Promise<JudgedSync[]> {
  const connections = openConnections();
  const interrupt = () => void connections.destroy();
  context.terminated.addEventListener('abort', interrupt, { once: true });
  const note = noteInLedger(context, order, state);
  let done = 0;
  const onDone = async (user: SyncedUser<SelectedSync>): Promise<void> => {
    done += 1;
    if (context.stderr.isTTY) context.stderr.write(`\r${String(done)} of ${String(syncs.length)} `);
    if (user.outcome !== 'not_tried') await note(user);
  };
  try {
    const users: SyncedUser<SelectedSync>[] = [];
    // Each provider has an endpoint, and a concurrency, of its own.
    for (const provider of new Set(syncs.map((each) => each.provider))) {
      const mine = syncs.filter((each) => each.provider === provider);
      const concurrency = mine[0]?.endpoint.concurrency ?? 1;
      const call = (target: SelectedSync) => callSyncEndpoint(connections, target.endpoint, target);
      users.push(
        ...(await syncUsers(mine, { call, onDone }, { concurrency, stopping: context.terminated })),
      );
    }
    if (context.stderr.isTTY) context.stderr.write('\n');
    return await judgeSynced(database, users, context.terminated);
  } finally {
    context.terminated.removeEventListener('abort', interrupt);
    await connections.destroy();
  }
}

/** Notes who asked for what and why; a memory that can't be used is told once and stops nothing. */
function noteInLedger(
  context: CommandContext,
  { actor, reason, syncType }: SyncOrder,
  state: StateDatabase,
): (user: SyncedUser<SelectedSync>) => Promise<void> {
  let told = false;
  return async ({ target, outcome, detail }) => {
    const words = [`${syncType}: ${detail}`, ...(reason === null ? [] : [`because: ${reason}`])];
    const line = { event: 'sync_requested', reason: outcome, detail: words.join('; '), actor };
    try {
      await state.run((query) => writeLedger(query, target.provider.name, target.tokenId, line));
    } catch (error) {
      if (!(error instanceof DatabaseError)) throw error;
      if (!told) context.stderr.write(`not noted in the ledger: ${error.message}\n`);
      told = true;
    }
  };
}
