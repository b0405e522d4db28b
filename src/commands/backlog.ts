import type { BacklogSince } from '../observe/backlog.js';
import { backlogJson, formatBacklog } from './backlog-format.js';
import {
  describeUnknown,
  inFuture,
  isInFuture,
  readBacklogFacts,
  withBacklog,
} from './backlog-facts.js';
import type { CommandContext } from './command-context.js';
import { exitCode } from './exit-code.js';
import type { ExitCode } from './exit-code.js';
import { printable } from './printable.js';
import { withRemedy } from './remedy-scope.js';

export interface BacklogOptions {
  readonly since: BacklogSince;
  readonly provider: string | null;
  readonly json: boolean;
}

/** `backlog`: whose items of the outage still lack something, and what. Changes nothing. */
export async function backlog(
  context: CommandContext,
  { since, provider, json }: BacklogOptions,
): Promise<ExitCode> {
  return withRemedy(context, provider, async ({ providers, databases, state }) => {
    const selected = withBacklog(providers);
    if ('problem' in selected) {
      context.stderr.write(`${selected.problem}\n`);
      return exitCode.usage;
    }
    const facts = await readBacklogFacts(databases.of, state, selected.mapped, since);
    if (isInFuture(facts)) {
      context.stderr.write(`${inFuture}\n`);
      return exitCode.usage;
    }
    context.stdout.write(json ? backlogJson(facts) : formatBacklog(facts));
    for (const line of facts.flatMap(describeUnknown)) context.stderr.write(`${printable(line)}\n`);
    const memoryProblem = facts.find((each) => each.memoryProblem !== null)?.memoryProblem;
    if (memoryProblem != null) {
      context.stderr.write(`it is not known what was asked before: ${memoryProblem}\n`);
    }
    const isWhole = facts.every((each) => each.backlog.known && each.backlog.notes.length === 0);
    return isWhole ? exitCode.fine : exitCode.unknown;
  });
}
