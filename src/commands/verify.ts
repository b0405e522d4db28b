import { defaultSyncType } from '../config/sync-config.js';
import { summarize } from '../remedy/verify-check.js';
import type { OneSync } from '../remedy/verify-syncs.js';
import { askYes } from './ask-yes.js';
import type { CommandContext } from './command-context.js';
import { exitCode } from './exit-code.js';
import type { ExitCode } from './exit-code.js';
import { formatPlan } from './format-syncs.js';
import { withRemedy } from './remedy-scope.js';
import type { RemedyScope } from './remedy-scope.js';
import { runSyncs } from './run-syncs.js';
import { selectSyncs } from './select-syncs.js';
import { makeChecks } from './verify-checks.js';
import { readVerifyFacts } from './verify-facts.js';
import { formatVerify, verifyJson } from './verify-format.js';

export interface VerifyOptions {
  readonly provider: string | null;
  /** Reconnections since then; null: since people were last written to. */
  readonly since: Date | null;
  /** Whom to sync, once it is allowed; null: nobody. */
  readonly syncUser: string | null;
  readonly yes: boolean;
  readonly json: boolean;
  /** Who does it, and why, for the ledger. */
  readonly actor: string;
  readonly reason: string | null;
}

/**
 * `verify`: the runbook's checks after an incident, each with its verdict and evidence.
 *
 * It changes nothing but by the one sync that it may ask for, and that comes first: the rest is judged
 * by one look at the world after it.
 */
export async function verify(context: CommandContext, options: VerifyOptions): Promise<ExitCode> {
  const { provider, syncUser, since, json } = options;
  // A sync that was asked for is told of after Ctrl-C, too: it ends the call and not the connections.
  const ending = syncUser === null ? context.terminated : new AbortController().signal;
  const work = async (scope: RemedyScope): Promise<ExitCode> => {
    const oneSync = await syncOneUser(context, scope, options);
    const facts = await readVerifyFacts(scope, since);
    const checks = makeChecks(facts, since?.getTime() ?? null, oneSync);
    const { now } = facts.observation;
    context.stdout.write(json ? verifyJson(checks, now, since) : formatVerify(checks, now));
    return exitOf(summarize(checks).verdict);
  };
  return withRemedy(context, provider, work, ending);
}

function exitOf(verdict: ReturnType<typeof summarize>['verdict']): ExitCode {
  switch (verdict) {
    case 'pass':
      return exitCode.fine;
    case 'fail':
      return exitCode.no;
    case 'unknown':
      return exitCode.unknown;
  }
}

/** Asks for the sync of one user, if it may; says of each provider what came of it. */
async function syncOneUser(
  context: CommandContext,
  { providers, databases, state }: RemedyScope,
  options: VerifyOptions,
): Promise<ReadonlyMap<string, OneSync>> {
  const { syncUser: userId, actor, reason } = options;
  const asking = providers.filter(({ syncs }) => (syncs?.endpoint ?? null) !== null);
  const all = (sync: OneSync) => new Map(asking.map(({ name }) => [name, sync]));
  if (userId === null) return all({ kind: 'not_asked', why: 'no --sync-user was named' });
  const order = { userId, syncType: defaultSyncType, actor, reason };
  const { syncs, unread } = await selectSyncs(databases.of, asking, order);
  const results = all(
    syncs.length > 0
      ? { kind: 'not_asked', why: 'this user has no token here' }
      : { kind: 'no_such_user' },
  );
  for (const { provider, reason, remedy } of unread) {
    results.set(provider, { kind: 'unread', reason, remedy });
  }
  if (syncs.length === 0) return results;
  if (!options.json && !options.yes) context.stdout.write(formatPlan(syncs));
  if (!options.yes && (options.json || !(await askYes(context, false, 'Ask for this sync?')))) {
    const why = 'nothing was asked for; to do it, add --yes';
    for (const { provider } of syncs) results.set(provider.name, { kind: 'not_asked', why });
    return results;
  }
  const ordered = { ...order, event: 'sync_requested', stopsUnnoted: false };
  const { judged, remarks } = await runSyncs(context, ordered, databases.of, state, syncs);
  for (const remark of remarks) context.stderr.write(`${remark}\n`);
  for (const { target, outcome, detail, after } of judged) {
    const moved = after?.moved ?? null;
    const before = results.get(target.provider.name);
    // A user with several tokens of one provider: the first sync that did not work decides.
    const isWorse =
      before?.kind !== 'asked' || (before.outcome === 'success' && before.moved === true);
    if (isWorse) results.set(target.provider.name, { kind: 'asked', outcome, detail, moved });
  }
  return results;
}
