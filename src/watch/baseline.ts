import type { AssessedToken } from '../assess/assessed-token.js';
import { grantStates } from '../assess/grant-state.js';
import type { GrantState } from '../assess/grant-state.js';
import type { ProviderView } from './checks/check.js';
import type { CheckName } from './checks/check-name.js';
import { formatDistance } from '../config/format-distance.js';
import type { Finding } from './finding.js';
import { lookAround } from './look.js';
import type { PollView } from './look.js';
import { durationMs, watchFormat } from './stability-watch.js';
import type { StabilityWatch } from './stability-watch.js';

/** A token that was active at the baseline, on a grant that was not dead. */
export interface BaselineToken {
  readonly id: string;
  readonly subject: string | null;
  readonly expiresAtMs: number | null;
}

export interface ProviderBaseline {
  readonly active: readonly BaselineToken[];
  readonly inactive: number;
  readonly grants: Readonly<Record<GrantState, number>>;
  /** null: not seen. */
  readonly overdueSyncs: number | null;
  readonly maxSyncLagMs: number | null;
  /** Half of its lifetimes are shorter; null where none is known. */
  readonly medianLifetimeMs: number | null;
}

/** A check that could not be made at the start, and is therefore no part of the verdict. */
export interface OutOfScope {
  readonly check: CheckName;
  readonly provider: string | null;
  readonly because: string;
}

/** How things stood when the watch began. Written once and never changed. */
export interface WatchBaseline {
  readonly format: number;
  readonly atMs: number;
  /** Newest line of the ledger: what happened later belongs to the watch. */
  readonly ledgerId: number;
  readonly providers: Readonly<Record<string, ProviderBaseline>>;
  readonly outOfScope: readonly OutOfScope[];
  /** What was wrong already. */
  readonly known: readonly Finding[];
  /** What the watch can't prove although it looks. */
  readonly caveats: readonly string[];
  /** Fingerprint of the configuration. */
  readonly configuration: string;
}

export type BaselineResult =
  | { readonly ok: true; readonly baseline: WatchBaseline }
  | { readonly ok: false; readonly because: string };

/**
 * Takes the baseline from a poll, or says why that must wait: without the tokens there is nothing to
 * watch. A check that is not required and can't be made is out of scope from here on.
 */
export function takeBaseline(
  watch: StabilityWatch,
  view: PollView,
  ledgerId: number,
  configuration: string,
): BaselineResult {
  const looks = lookAround(view, null);
  for (const { required, provider, evidence } of looks) {
    if (required && evidence.kind === 'unobservable') {
      return { ok: false, because: `${provider ?? 'everything'}: ${evidence.because}` };
    }
  }
  return {
    ok: true,
    baseline: {
      format: watchFormat,
      atMs: view.atMs,
      ledgerId,
      configuration,
      providers: Object.fromEntries(
        view.providers.map((each) => [each.provider, providerBaseline(each)]),
      ),
      outOfScope: looks.flatMap(({ check, provider, evidence }) =>
        evidence.kind === 'unobservable' ? [{ check, provider, because: evidence.because }] : [],
      ),
      known: looks.flatMap(({ evidence }) =>
        evidence.kind === 'observed' ? evidence.findings : [],
      ),
      caveats: view.providers.flatMap((each) => caveatsOf(watch, each)),
    },
  };
}

function providerBaseline({ tokens, syncs }: ProviderView): ProviderBaseline {
  const all = tokens.seen ? tokens.value : [];
  const grants = Object.fromEntries(
    grantStates.map((state) => [state, all.filter(({ grant }) => grant === state).length]),
  ) as Record<GrantState, number>;
  return {
    // A dead grant is a finding of its own: switching its row off is what one does about it.
    active: all
      .filter(({ active, grant }) => active && grant !== 'dead')
      .map(({ tokenId, subject, expiresAtMs }) => ({ id: tokenId, subject, expiresAtMs })),
    inactive: all.filter(({ active }) => !active).length,
    grants,
    overdueSyncs: syncs.seen ? syncs.value.overdue : null,
    maxSyncLagMs: syncs.seen ? syncs.value.maxLagMs : null,
    medianLifetimeMs: medianLifetime(all),
  };
}

function medianLifetime(tokens: readonly AssessedToken[]): number | null {
  const known = tokens.flatMap(({ active, lifetimeMs }) =>
    active && lifetimeMs !== null ? [lifetimeMs] : [],
  );
  return known.sort((a, b) => a - b)[Math.floor(known.length / 2)] ?? null;
}

/** What stops when the watch starts must show before it ends, or it can't tell. */
function caveatsOf(
  watch: StabilityWatch,
  { provider, syncs, overdueAfterMs, webhooks }: ProviderView,
): string[] {
  const isTooLate = (afterMs: number) => afterMs >= durationMs(watch);
  const caveats: string[] = [];
  if (syncs.seen && overdueAfterMs !== null && isTooLate(overdueAfterMs)) {
    caveats.push(
      `syncs of ${provider} that stop are overdue only after ${formatDistance(overdueAfterMs)}, not within this watch: lower syncs.overdue_after to see it`,
    );
  }
  if (webhooks.seen && isTooLate(webhooks.value.silentAfterMs)) {
    caveats.push(
      `webhooks of ${provider} that stop are silent only after ${formatDistance(webhooks.value.silentAfterMs)}, not within this watch: lower webhooks.silent_after to see it`,
    );
  }
  return caveats;
}
