import { reconnectList } from '../remedy/reconnect-list.js';
import type { CommandContext } from './command-context.js';
import { exitCode } from './exit-code.js';
import type { ExitCode } from './exit-code.js';
import type { AccountMode } from '../notify/mask-account.js';
import { formatReconnectCsv, formatReconnectTable, reconnectJson } from './reconnect-format.js';
import { readRemedy, withRemedy } from './remedy-scope.js';
import { describeUnread } from './unread-provider.js';

export interface ReconnectOptions {
  readonly provider: string | null;
  /** Also those whom a refresh or `reactivate` may help. */
  readonly allExpired: boolean;
  readonly format: 'table' | 'json' | 'csv';
  readonly accounts: AccountMode;
}

/** `reconnect`: who must authorize again, why, and since when. Changes nothing. */
export async function reconnect(
  context: CommandContext,
  { provider, allExpired, format, accounts }: ReconnectOptions,
): Promise<ExitCode> {
  return withRemedy(context, provider, async (scope) => {
    const reading = await readRemedy(context, scope);
    const { now, tokens, memoryProblem } = reading.facts;
    const unread = reading.facts.unread.map(describeUnread);
    const list = reconnectList(tokens, reading, allExpired, now.getTime());
    const severalProviders = scope.providers.length > 1;
    const isIncomplete = unread.length > 0 || memoryProblem !== null;
    switch (format) {
      case 'json': {
        const json = reconnectJson(list, { now, unread, memoryProblem, accounts });
        context.stdout.write(`${JSON.stringify(json, null, 2)}\n`);
        break;
      }
      case 'csv':
        context.stdout.write(formatReconnectCsv(list, accounts));
        break;
      case 'table':
        // "Nobody" would be a guess while something is unknown.
        if (list.length === 0 && isIncomplete) break;
        context.stdout.write(
          formatReconnectTable(list, { severalProviders, allExpired, accounts }),
        );
    }
    if (memoryProblem !== null) {
      context.stderr.write(`it is not known which grants are dead: ${memoryProblem}\n`);
    }
    return isIncomplete ? exitCode.unknown : exitCode.fine;
  });
}
