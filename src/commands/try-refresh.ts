import type { ForcedOutcome } from '../refresh/forced-outcome.js';
import { refreshedProviders } from '../refresh/start-refreshing.js';
import { askServe } from './ask-serve.js';
import type { CommandContext } from './command-context.js';
import { refreshHere } from './refresh-here.js';
import type { RefreshResult } from './refresh.js';
import type { RemedyScope } from './remedy-scope.js';
import type { TokenFacts } from './token-facts.js';

/** How a remedy refreshes: through the running exporter, or in this process. */
export interface RefreshMeans {
  readonly here: boolean;
  readonly actor: string;
  /** How long to wait for a running exporter to take a request. */
  readonly patienceMs: number;
}

/** Refreshes these tokens as `refresh` does, and tells what came of each. */
export async function tryRefresh(
  { terminated }: CommandContext,
  { ready, databases, state }: RemedyScope,
  tokens: readonly TokenFacts[],
  { here, actor, patienceMs }: RefreshMeans,
): Promise<RefreshResult> {
  if (tokens.length === 0) {
    return { ok: true, outcomes: new Map<TokenFacts, ForcedOutcome | null>() };
  }
  return here
    ? refreshHere(ready, databases.of, state.pool, tokens)
    : askServe(state, tokens, actor, patienceMs, terminated);
}

/** Whether a way to refresh this token is configured and switched on, and there is something to send. */
export function canBeRefreshed({ ready }: RemedyScope, { provider, row }: TokenFacts): boolean {
  const on = refreshedProviders(ready.config).some(({ name }) => name === provider.name);
  return on && row.hasRefreshToken !== false;
}
