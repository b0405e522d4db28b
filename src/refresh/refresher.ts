import { setTimeout as delay } from 'node:timers/promises';
import type { ProviderConfig } from '../config/config.js';
import type { RefreshConfig } from '../config/refresh-config.js';
import type { ClaimDecision, ClaimResult, ProviderState, UncertainClaim } from '../store/claims.js';
import type { TokenMemory } from '../store/token-memory.js';
import { chooseForced } from './choose-forced.js';
import { passedOver } from './forced-outcome.js';
import { chooseFrom, openWork } from './open-work.js';
import type { DueWork, OpenWork } from './open-work.js';
import type { PlaceLeft } from './set-aside.js';
import { parseProviderHealth } from './parse-provider-health.js';
import { admission, noteAlone } from './provider-health.js';
import type { Admission } from './provider-health.js';

/** How many tokens one claim looks at, where some of them may be others' already. */
const mostLookedAt = 500;

/** From its claim to its end a token takes about as long as this many claims. */
const claimsAhead = 12;

export interface RefresherEffects {
  readonly claim: (
    observedAt: Date,
    uncertain: readonly UncertainClaim[],
    decide: (state: ProviderState) => ClaimDecision,
  ) => Promise<ClaimResult>;
  /**
   * Refreshes one claimed token to its end: remembered, and its claim closed. A canary is sent
   * whether or not it is due; one whose tokens can't be stored is set aside. Must not reject.
   */
  readonly refresh: (memory: TokenMemory, isCanary: boolean) => Promise<PlaceLeft>;
  /** Nothing is tried for a token that a person asked for, and why. */
  readonly onPassedOver: (tokenId: string, why: string) => void;
  /** The claims could not be taken; the next poll brings the work again. */
  readonly onClaimFailed: (error: unknown) => void;
}

/** Tokens that a person asked for, and when by the database's clock. */
export interface ForcedWork {
  readonly askedAt: Date;
  readonly tokenIds: readonly string[];
}

export interface Refresher {
  /** Takes what is due, in place of what an earlier poll found; never waits. */
  readonly offer: (work: DueWork) => void;
  /** Tries tokens before all others, due or not; never waits. */
  readonly force: (work: ForcedWork) => void;
  /** Claims nothing more, and waits for the requests that are out. */
  readonly stop: () => Promise<void>;
}

/**
 * Works off what is due for one provider, beside the polls and never awaited by them.
 *
 * Twice as many tokens are under way as requests may be in flight, so that reading and storing
 * one does not keep another from being sent; and more where many end while others are claimed,
 * since the statements for a token then take longer than its request. Behind a slow provider few
 * are claimed ahead: what a crash leaves claimed waits for its owner.
 */
export function createRefresher(
  { refresh }: ProviderConfig & { readonly refresh: RefreshConfig },
  configurationFingerprint: string,
  effects: RefresherEffects,
): Refresher {
  const leastUnderWay = 2 * refresh.concurrency;
  const mostUnderWay = 16 * refresh.concurrency;
  const underWay = new Set<Promise<void>>();
  const stopping = new AbortController();
  let work: OpenWork | null = null;
  let running: Promise<void> | null = null;
  let uncertain: readonly UncertainClaim[] = [];
  let forced: readonly ForcedWork[] = [];
  let triedInPause = false;
  let ended = 0;
  /** How many end while others are claimed. */
  let pace = 0;

  /** How many more tokens may be claimed. */
  const roomFor = (): number =>
    Math.min(leastUnderWay + claimsAhead * pace, mostUnderWay) - underWay.size;

  const start = (memory: TokenMemory, isCanary: boolean): Promise<void> => {
    const refreshing = effects.refresh(memory, isCanary).then((left) => {
      underWay.delete(refreshing);
      if (left === 'ended') ended += 1;
    });
    underWay.add(refreshing);
    return refreshing;
  };

  const claim = async (
    observedAt: Date,
    decide: (state: ProviderState) => ClaimDecision,
  ): Promise<ClaimResult> => {
    let attempt: UncertainClaim = { tokenIds: [], claimedAt: observedAt };
    const endedBefore = ended;
    try {
      const result = await effects.claim(observedAt, uncertain, (state) => {
        const decision = decide(state);
        attempt = { tokenIds: decision.tokenIds, claimedAt: state.now };
        return decision;
      });
      uncertain = [];
      pace = Math.max(ended - endedBefore, Math.floor(pace / 2));
      return result;
    } catch (error) {
      uncertain = [...uncertain, attempt];
      throw error;
    }
  };

  /** In a pause one token is tried for each time that a person asks; it decides for the others. */
  const stepForced = async ({ askedAt, tokenIds }: ForcedWork): Promise<void> => {
    const room = roomFor();
    if (room <= 0) {
      await Promise.race(underWay);
      return;
    }
    let choice = chooseForced([], { kind: 'all' }, false, 0);
    const { claimed, nextSlotInMs } = await claim(askedAt, (state) => {
      const health = parseProviderHealth(state.breaker);
      const allowed = admission(health, state.now.getTime(), configurationFingerprint);
      choice = chooseForced(tokenIds, allowed, triedInPause, Math.min(room, state.freeSlots));
      const [first] = choice.tokenIds;
      const noted =
        allowed.kind === 'first' && first !== undefined
          ? noteAlone(health, 'first', configurationFingerprint, first, state.now.getTime())
          : health;
      return { tokenIds: choice.tokenIds, limit: choice.tokenIds.length, breaker: noted };
    }).catch((error: unknown) => {
      forced = forced.slice(1);
      forgetForced(tokenIds, passedOver.memory);
      throw error;
    });
    const chosen = new Set(choice.tokenIds);
    const started = claimed.map((memory) => start(memory, false));
    const held = new Set(chosen);
    for (const { tokenId } of claimed) held.delete(tokenId);
    forgetForced([...held], passedOver.held);
    const rest = tokenIds.filter((tokenId) => !chosen.has(tokenId));
    if (choice.refusal !== null) forgetForced(rest, choice.refusal);
    const left = choice.refusal === null ? rest : [];
    forced = [...(left.length > 0 ? [{ askedAt, tokenIds: left }] : []), ...forced.slice(1)];
    if (left.length === 0) triedInPause = false;
    else if (choice.alone && chosen.size > 0) triedInPause = true;
    if (choice.alone) await Promise.all(started);
    if (chosen.size === 0 && nextSlotInMs > 0) {
      await delay(nextSlotInMs, undefined, { signal: stopping.signal }).catch(() => undefined);
    }
  };

  const forgetForced = (tokenIds: readonly string[], why: string): void => {
    for (const tokenId of tokenIds) effects.onPassedOver(tokenId, why);
  };

  /** Says whether there may be more to do. */
  const step = async (current: OpenWork): Promise<boolean> => {
    const { queue } = current;
    const room = roomFor();
    if (room <= 0) {
      await Promise.race(underWay);
      return true;
    }
    if (queue.first(1).length === 0) return false;

    let admitted = 'none' as Admission['kind'];
    let chosen: readonly string[] = [];
    let most = 0;
    const decide = (state: ProviderState): ClaimDecision => {
      const health = parseProviderHealth(state.breaker);
      const nowMs = state.now.getTime();
      const allowed = admission(health, nowMs, configurationFingerprint);
      most = Math.min(room, state.freeSlots);
      admitted = allowed.kind;
      // Other replicas choose in the same order: what they took is passed over in one statement.
      const looked = admitted === 'all' && current.isShared ? mostLookedAt : most;
      chosen = most > 0 ? chooseFrom(current, allowed, looked) : [];
      const [alone] = chosen;
      const noted =
        alone === undefined || allowed.kind === 'all' || allowed.kind === 'none'
          ? health
          : noteAlone(health, allowed.kind, configurationFingerprint, alone, nowMs);
      return { tokenIds: chosen, limit: most, breaker: noted };
    };
    const { claimed, nextSlotInMs } = await claim(current.observedAt, decide);
    const moreMayBeFree = claimed.length === most;
    const taken = new Set(claimed.map(({ tokenId }) => tokenId));
    current.isShared = !moreMayBeFree || chosen.slice(0, most).some((id) => !taken.has(id));
    queue.handle(moreMayBeFree ? [...taken] : chosen);
    const started = claimed.map((memory) => start(memory, admitted === 'canary'));

    if (chosen.length > 0) {
      // One that was admitted alone decides about the others.
      if (admitted !== 'all') await Promise.all(started);
      return true;
    }
    if (nextSlotInMs > 0) {
      await delay(nextSlotInMs, undefined, { signal: stopping.signal }).catch(() => undefined);
      return true;
    }
    return false;
  };

  const run = async (): Promise<void> => {
    try {
      while (!stopping.signal.aborted) {
        const [first] = forced;
        if (first !== undefined) await stepForced(first);
        else if (work === null || !(await step(work))) break;
      }
    } catch (error) {
      effects.onClaimFailed(error);
    }
  };

  const keepRunning = (): void => {
    if (stopping.signal.aborted) return;
    running ??= run().finally(() => {
      running = null;
    });
  };

  return {
    offer(next) {
      work = openWork(next);
      keepRunning();
    },
    force(next) {
      forced = [...forced, next];
      keepRunning();
    },
    async stop() {
      stopping.abort();
      await running;
      await Promise.all(underWay);
      for (const { tokenIds } of forced) forgetForced(tokenIds, passedOver.stopping);
    },
  };
}
