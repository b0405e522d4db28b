import { DatabaseError } from '../database/explain-database-error.js';
import type { DatabaseOf } from '../database/databases.js';
import { openConnections } from '../refresh/bounded-request.js';
import { callSyncEndpoint } from '../remedy/call-sync-endpoint.js';
import { syncUsers } from '../remedy/sync-users.js';
import type { SyncedUser } from '../remedy/sync-users.js';
import { writeLedger } from '../store/write-ledger.js';
import type { CommandContext } from './command-context.js';
import { exitCode } from './exit-code.js';
import type { ExitCode } from './exit-code.js';
import { judgeSynced } from './judge-synced.js';
import type { JudgedSync } from './judge-synced.js';
import { printable } from './printable.js';
import { formatProgress } from './progress-bar.js';
import type { SelectedSync } from './select-syncs.js';
import type { StateDatabase } from './state-database.js';
import { describeUnread } from './unread-provider.js';

/** How syncs are asked for, and how the ledger calls it. */
export interface SyncOrder {
  readonly syncType: string;
  readonly actor: string;
  readonly reason: string | null;
  readonly event: string;
  /** Starts no more once the ledger can't be written: a later run could not tell who was asked. */
  readonly stopsUnnoted: boolean;
}

export interface SyncRun {
  readonly judged: readonly JudgedSync[];
  readonly code: ExitCode;
  /** What to say on standard error after the result. */
  readonly remarks: readonly string[];
}

/**
 * Asks for these syncs, notes each in the ledger, and judges them by the application's database.
 * Ctrl-C starts no more; a database that is gone at the end leaves what was said, unproven.
 */
export async function runSyncs(
  context: CommandContext,
  order: SyncOrder,
  databaseOf: DatabaseOf,
  state: StateDatabase,
  syncs: readonly SelectedSync[],
): Promise<SyncRun> {
  const connections = openConnections();
  const interrupt = () => void connections.destroy();
  context.terminated.addEventListener('abort', interrupt, { once: true });
  const unnoted = new AbortController();
  const note = noteInLedger(context, order, state, unnoted);
  const stopping = order.stopsUnnoted
    ? AbortSignal.any([context.terminated, unnoted.signal])
    : context.terminated;
  let done = 0;
  const onDone = async (user: SyncedUser<SelectedSync>): Promise<void> => {
    done += 1;
    if (context.stderr.isTTY) context.stderr.write(formatProgress(done, syncs.length));
    if (user.outcome !== 'not_tried') await note(user);
  };
  try {
    const users: SyncedUser<SelectedSync>[] = [];
    // Each provider has an endpoint, and a concurrency, of its own.
    for (const provider of new Set(syncs.map((each) => each.provider))) {
      const mine = syncs.filter((each) => each.provider === provider);
      const concurrency = mine[0]?.endpoint.concurrency ?? 1;
      const call = (target: SelectedSync) => callSyncEndpoint(connections, target.endpoint, target);
      users.push(...(await syncUsers(mine, { call, onDone }, { concurrency, stopping })));
    }
    if (context.stderr.isTTY) context.stderr.write('\n');
    const { judged, problems } = await judge(databaseOf, users, context.terminated);
    const isStopped = order.stopsUnnoted && unnoted.signal.aborted;
    const remarks = [
      ...remarksOn(users, context.terminated.aborted),
      ...(isStopped ? ['stopped, since it can not be noted who was asked: run this again'] : []),
      ...problems.map((problem) => printable(`it is not known what came of it: ${problem}`)),
    ];
    const isFine = judged.every(
      ({ outcome, after }) => outcome === 'success' && after?.moved === true,
    );
    const code = isFine ? exitCode.fine : exitCode.no;
    return { judged, code: problems.length === 0 ? code : exitCode.unknown, remarks };
  } finally {
    context.terminated.removeEventListener('abort', interrupt);
    await connections.destroy();
  }
}

async function judge(
  databaseOf: DatabaseOf,
  users: readonly SyncedUser<SelectedSync>[],
  terminated: AbortSignal,
): Promise<{ readonly judged: readonly JudgedSync[]; readonly problems: readonly string[] }> {
  try {
    const { judged, unread } = await judgeSynced(databaseOf, users, terminated);
    return { judged, problems: unread.map(describeUnread) };
  } catch (error) {
    if (!(error instanceof DatabaseError)) throw error;
    return { judged: users.map((user) => ({ ...user, after: null })), problems: [error.message] };
  }
}

function remarksOn(users: readonly SyncedUser<SelectedSync>[], interrupted: boolean): string[] {
  const quota = users.find(({ outcome }) => outcome === 'quota');
  return [
    ...(quota === undefined
      ? []
      : [`stopped, the quota is used up: ${quota.detail}; raise it, then run this again`]),
    ...(interrupted ? ['interrupted: run this again for the rest'] : []),
  ].map(printable);
}

/** Notes who asked for what and why; a memory that can't be used is told once, and aborts `unnoted`. */
function noteInLedger(
  context: CommandContext,
  { actor, reason, syncType, event }: SyncOrder,
  state: StateDatabase,
  unnoted: AbortController,
): (user: SyncedUser<SelectedSync>) => Promise<void> {
  return async ({ target, outcome, detail }) => {
    const words = [`${syncType}: ${detail}`, ...(reason === null ? [] : [`because: ${reason}`])];
    const line = { event, reason: outcome, detail: words.join('; '), actor };
    try {
      await state.run((query) => writeLedger(query, target.provider.name, target.tokenId, line));
    } catch (error) {
      if (!(error instanceof DatabaseError)) throw error;
      if (!unnoted.signal.aborted) {
        context.stderr.write(`not noted in the ledger: ${error.message}\n`);
      }
      unnoted.abort();
    }
  };
}
