import { DatabaseError } from '../database/explain-database-error.js';
import type { DatabaseOf } from '../database/databases.js';
import { observeBacklog } from '../observe/backlog.js';
import type { BacklogSince } from '../observe/backlog.js';
import type { BacklogLeft } from '../remedy/backlog-choice.js';
import { backlogRequested } from '../store/backlog-asked.js';
import { askYes } from './ask-yes.js';
import {
  describeUnknown,
  inFuture,
  isInFuture,
  readBacklogFacts,
  withBacklog,
} from './backlog-facts.js';
import type { BacklogFacts } from './backlog-facts.js';
import { describeBacklog } from './backlog-format.js';
import { selectBacklog } from './backlog-select.js';
import type { SelectedBacklog } from './backlog-select.js';
import type { CommandContext } from './command-context.js';
import { exitCode } from './exit-code.js';
import type { ExitCode } from './exit-code.js';
import { formatPlan, formatSynced, syncJson } from './format-syncs.js';
import { printable } from './printable.js';
import { withRemedy } from './remedy-scope.js';
import type { RemedyScope } from './remedy-scope.js';
import { runSyncs } from './run-syncs.js';
import { describeUnread } from './unread-provider.js';

export interface BacklogSyncOptions {
  readonly since: BacklogSince;
  /** Also whom a run before has asked for. */
  readonly again: boolean;
  /** At most so many users in this run; null: all. */
  readonly limit: number | null;
  readonly syncType: string;
  readonly provider: string | null;
  readonly yes: boolean;
  readonly json: boolean;
  readonly actor: string;
  readonly reason: string | null;
}

/**
 * `sync --backlog`: asks the application to catch up for whoever's items lack something, and says
 * what is missing afterwards. What a run before asked for, successfully, is not asked for again.
 */
export async function syncBacklog(
  context: CommandContext,
  options: BacklogSyncOptions,
): Promise<ExitCode> {
  // What was asked for is told also after Ctrl-C: it ends the calls, and not the connections.
  const ending = new AbortController().signal;
  const work = (scope: RemedyScope) => catchUp(context, options, scope);
  return withRemedy(context, options.provider, work, ending);
}

async function catchUp(
  context: CommandContext,
  options: BacklogSyncOptions,
  { providers, databases: { of: databaseOf }, state }: RemedyScope,
): Promise<ExitCode> {
  const tell = (text: string) => {
    context.stderr.write(`${printable(text)}\n`);
  };
  const mapped = withBacklog(providers);
  if ('problem' in mapped) {
    tell(mapped.problem);
    return exitCode.usage;
  }
  const asked = mapped.mapped.filter(({ syncs }) => (syncs?.endpoint ?? null) !== null);
  if (asked.length === 0) {
    tell(
      'no sync endpoint is configured: set SUPABASE_URL and SUPABASE_SERVICE_ROLE_KEY, or map syncs.endpoint',
    );
    return exitCode.usage;
  }
  const facts = await readBacklogFacts(databaseOf, state, asked, options.since);
  if (isInFuture(facts)) {
    tell(inFuture);
    return exitCode.usage;
  }
  const memoryProblem = facts.find((each) => each.memoryProblem !== null)?.memoryProblem;
  if (memoryProblem != null && !options.again) {
    tell(`it is not known what was asked before: ${memoryProblem}; --again asks for everybody`);
    return exitCode.unknown;
  }
  const selected = await selectBacklog(databaseOf, facts, options);
  const readable = facts.filter(({ backlog }) => backlog.known);
  const notes = readable.flatMap(describeUnknown);
  for (const line of [...notes, ...selected.unread.map(describeUnread)]) tell(line);
  const unlessUnread = (code: ExitCode) => (selected.unread.length > 0 ? exitCode.unknown : code);
  if (!(await mayAsk(context, options, selected))) return unlessUnread(exitCode.fine);

  const order = { ...options, event: backlogRequested, stopsUnnoted: !options.again };
  const { judged, code, remarks } = await runSyncs(
    context,
    order,
    databaseOf,
    state,
    selected.syncs,
  );
  const missing = code === exitCode.unknown ? [] : await missingNow(databaseOf, readable);
  context.stdout.write(
    options.json
      ? syncJson(judged, false, selected.unread, {
          left: selected.left,
          missing_now: missing,
        })
      : formatSynced(judged) + missing.map((line) => `${printable(line)}\n`).join(''),
  );
  for (const line of remarks) tell(line);
  return unlessUnread(code);
}

/** Shows what would be done, and finds out whether to do it. */
async function mayAsk(
  context: CommandContext,
  { yes, json }: BacklogSyncOptions,
  { syncs, left, unread }: SelectedBacklog,
): Promise<boolean> {
  if (!json) {
    const lines = describeLeft(left).map((line) => `${line}\n`);
    context.stdout.write(
      (syncs.length === 0 ? 'nobody is to be asked for\n' : formatPlan(syncs)) + lines.join(''),
    );
  }
  const question = 'Ask for these syncs?';
  if (syncs.length > 0 && (yes || (!json && (await askYes(context, false, question))))) return true;
  if (json) {
    const untried = syncs.map((target) => ({
      target,
      outcome: 'not_tried' as const,
      detail: '',
      after: null,
    }));
    context.stdout.write(syncJson(untried, true, unread, { left }));
  } else if (syncs.length > 0) {
    context.stdout.write('nothing was done; to do it, add --yes\n');
  }
  return false;
}

function describeLeft(left: SelectedBacklog['left']): string[] {
  const words: Readonly<Record<BacklogLeft, string>> = {
    no_active_token: 'without an active token: see reconnect and reactivate',
    asked_before: 'asked for before, and nothing newer is missing: --again asks once more',
    over_limit: 'beyond --limit: run this again for them',
  };
  return Object.entries(words).flatMap(([because, text]) => {
    const count = left[because as BacklogLeft];
    return count === 0 ? [] : [`${String(count)} ${text}`];
  });
}

/** The backlog that is left, a line per provider: an application may still be working on it. */
async function missingNow(
  databaseOf: DatabaseOf,
  facts: readonly BacklogFacts[],
): Promise<string[]> {
  const lines: string[] = [];
  for (const { provider, sinceMs } of facts) {
    try {
      const { backlog } = await observeBacklog(databaseOf(provider), provider, { atMs: sinceMs });
      if (backlog.known) lines.push(`${provider.name}, now: ${describeBacklog(backlog.value)}`);
    } catch (error) {
      if (!(error instanceof DatabaseError)) throw error;
      lines.push(`${provider.name}, now: not known: ${error.message}`);
    }
  }
  return lines;
}
