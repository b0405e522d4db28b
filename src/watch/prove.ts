import type { AssessedToken } from '../assess/assessed-token.js';
import type { ProviderView } from './checks/check.js';
import type { WatchProgress } from './progress.js';
import { durationMs } from './stability-watch.js';
import type { StabilityWatch } from './stability-watch.js';

/**
 * When refreshes on purpose are asked for: two make a lifecycle, the third stands in for one that
 * failed or that nobody took.
 */
const roundShares = [0, 1 / 2, 3 / 4] as const;

export interface Proving {
  readonly progress: WatchProgress;
  /** What to ask the refreshers for now. */
  readonly wanted: readonly { readonly provider: string; readonly tokenId: string }[];
}

/**
 * Decides which tokens to refresh on purpose now: the first N active ones of each provider that can
 * be refreshed, the same in every round, until a full lifecycle of the provider has been seen.
 */
export function prove(
  watch: StabilityWatch,
  progress: WatchProgress,
  providers: readonly ProviderView[],
  nowMs: number,
): Proving {
  const share = roundShares[progress.proveRounds];
  const due = watch.startedAtMs + durationMs(watch) * (share ?? 0);
  if (watch.prove === 0 || share === undefined || nowMs < due) return { progress, wanted: [] };
  const proving = Object.fromEntries(
    providers.map(({ provider, tokens }) => {
      const chosen = progress.proving[provider] ?? [];
      if (chosen.length > 0 || !tokens.seen) return [provider, chosen];
      return [provider, choose(tokens.value, watch.prove)];
    }),
  );
  return {
    progress: { ...progress, proving, proveRounds: progress.proveRounds + 1 },
    wanted: Object.entries(proving)
      .filter(([provider]) => progress.lifecycles[provider]?.seen == null)
      .flatMap(([provider, ids]) => ids.map((tokenId) => ({ provider, tokenId }))),
  };
}

/** Tokens whose next refresh is the furthest away: the others have one soon by themselves. */
function choose(tokens: readonly AssessedToken[], count: number): string[] {
  return tokens
    .flatMap(({ tokenId, active, hasRefreshToken, grant, decision: { dueAtMs } }) =>
      active && hasRefreshToken !== false && grant !== 'dead' && dueAtMs !== null
        ? [{ tokenId, dueAtMs }]
        : [],
    )
    .sort((a, b) => b.dueAtMs - a.dueAtMs)
    .slice(0, count)
    .map(({ tokenId }) => tokenId);
}
