import { setTimeout as delay } from 'node:timers/promises';
import type { Pool } from 'pg';
import type { Dispatcher } from 'undici';
import type { AppEndpointConfig, RateLimit } from '../config/refresh-config.js';
import { writeTransaction } from '../database/write-transaction.js';
import type { TokenRow } from '../observe/token-rows.js';
import { claimAppCall, releaseAppCall, renewAppCall } from '../store/app-call.js';
import { closeClaims } from '../store/close-claims.js';
import { readTokenMemory } from '../store/token-memory.js';
import { buildAppEndpointRequest } from './app-endpoint-request.js';
import type { CalledRow } from './app-endpoint-request.js';
import { parseAppEndpointResponse } from './app-endpoint-response.js';
import { backoffMs } from './backoff.js';
import { requestLimits, sendBoundedRequest } from './bounded-request.js';
import type { RequestLimits } from './exchange.js';
import { callRefusal, passedOver } from './forced-outcome.js';
import { judgeAppCall } from './judge-app-call.js';
import { remember } from './refresh-outcome.js';
import type { RefreshOutcome } from './refresh-outcome.js';
import type { Refresher } from './refresher.js';
import type { TokenRefreshListener } from './token-refresh.js';

export interface AppEndpointParts {
  readonly provider: string;
  readonly endpoint: AppEndpointConfig;
  readonly rateLimit: RateLimit;
  /** Of one call; `requestLimits` where it is not given. */
  readonly limits?: RequestLimits;
  readonly statePool: Pool;
  /** Names this process in the provider's claim. */
  readonly owner: string;
  readonly connections: Dispatcher;
  /** Every row as it is now, and the database's time. */
  readonly readRows: () => Promise<{ rows: readonly TokenRow[]; now: Date }>;
  readonly random: () => number;
  readonly monotonicMs: () => number;
  readonly listener: TokenRefreshListener;
  /** Nothing is tried for a token that a person asked for, and why. */
  readonly onPassedOver: (tokenId: string, why: string) => void;
}

const judgeAgainAfterMs = 5_000;

/** What was asked of the endpoint, and what is wrong with that; null: nothing that it would tell. */
interface Called {
  readonly rows: readonly TokenRow[];
  readonly problem: string | null;
}

/**
 * Refreshes a provider's tokens through an endpoint of the application.
 *
 * One call at a time in the whole cluster, and then the rows are the verdict: of those that were
 * due when the call left, the ones whose expiry moved forward were refreshed, the others are
 * `not_advanced`, whatever the answer claimed.
 */
export function createAppEndpointRefresher(parts: AppEndpointParts): Refresher {
  const { provider, statePool, owner, listener } = parts;
  const stopping = new AbortController();
  let running: Promise<void> | null = null;
  let dueIds: ReadonlySet<string> = new Set();

  /** Says what is wrong with a call; null: nothing, or nothing that the answer would tell. */
  async function call(row: CalledRow | null): Promise<string | null> {
    listener.onSent();
    const request = buildAppEndpointRequest(parts.endpoint, row);
    const limits = parts.limits ?? requestLimits;
    const exchange = await sendBoundedRequest(parts.connections, request, limits, () => {
      listener.onTrouble('the refresh endpoint is slow: its answer is still waited for', null);
    });
    if (!exchange.ok) {
      const { reason, detail } = exchange;
      listener.onAppCall(null, reason, detail);
      return `${reason}: ${detail}`;
    }
    const secrets = Object.values(parts.endpoint.headers);
    const { claimed, failure, detail } = parseAppEndpointResponse(exchange.raw, secrets);
    listener.onAppCall(claimed, failure, detail);
    return failure === null ? null : `${failure}: ${detail}`;
  }

  async function callAll(due: readonly TokenRow[]): Promise<Called> {
    if (!parts.endpoint.perRow) return { rows: due, problem: await call(null) };
    const spacingMs = parts.rateLimit.perMs / parts.rateLimit.requests;
    const rows: TokenRow[] = [];
    let problem: string | null = null;
    for (const row of due) {
      if (stopping.signal.aborted || !(await isStillOurs())) break;
      rows.push(row);
      problem = (await call({ tokenId: row.id, subject: row.subject })) ?? problem;
      await delay(spacingMs, undefined, { signal: stopping.signal }).catch(() => undefined);
    }
    return { rows, problem };
  }

  /** Many rows take longer than a claim is believed in: each request renews it. */
  async function isStillOurs(): Promise<boolean> {
    try {
      return await renewAppCall(statePool, provider, owner);
    } catch (error) {
      listener.onTrouble('the calls of the refresh endpoint were cut short', error);
      return false;
    }
  }

  /** Says why the endpoint could not be called; null: it was. */
  async function work(wanted: ReadonlySet<string>, isForced: boolean): Promise<string | null> {
    const claim = await claimAppCall(statePool, provider, owner, isForced);
    if (claim.kind !== 'claimed') return callRefusal(claim);
    const startedAtMs = parts.monotonicMs();
    const before = await parts.readRows().catch(async (error: unknown) => {
      // Nothing was sent.
      await record([], claim.failures);
      throw error;
    });

    const called = await callAll(before.rows.filter(({ id }) => wanted.has(id)));

    const outcomes = await persist(() => judgeAndRecord(called, claim.failures));
    const durationMs = parts.monotonicMs() - startedAtMs;
    for (const [tokenId, outcome] of outcomes) listener.onOutcome(tokenId, outcome, durationMs);
    return null;
  }

  /** One call refreshes them all: whatever else is due is judged with what a person asked for. */
  async function workForced(tokenIds: readonly string[]): Promise<void> {
    if (stopping.signal.aborted) {
      for (const tokenId of tokenIds) parts.onPassedOver(tokenId, passedOver.stopping);
      return;
    }
    const others = parts.endpoint.perRow ? [] : dueIds;
    const refusal = await work(new Set([...tokenIds, ...others]), true).catch((error: unknown) => {
      for (const tokenId of tokenIds) parts.onPassedOver(tokenId, passedOver.unfinished);
      throw error;
    });
    const why = refusal ?? passedOver.unfinished;
    for (const tokenId of tokenIds) parts.onPassedOver(tokenId, why);
  }

  function start(task: () => Promise<unknown>): void {
    const current: Promise<void> = (running ?? Promise.resolve())
      .then(task)
      .then(() => undefined)
      .catch((error: unknown) => {
        listener.onTrouble('a call of the refresh endpoint could not be judged', error);
      })
      .finally(() => {
        if (running === current) running = null;
      });
    running = current;
  }

  async function judgeAndRecord(
    { rows: before, problem }: Called,
    failuresBefore: number,
  ): Promise<(readonly [string, RefreshOutcome])[]> {
    const { rows, now } = await parts.readRows();
    const after = new Map(rows.map((row) => [row.id, row]));
    const outcomes = before.map((row): [string, RefreshOutcome] => [
      row.id,
      judgeAppCall(row, after.get(row.id), now, problem, dueIds.has(row.id)),
    ]);
    await record(outcomes, failuresBefore);
    return outcomes;
  }

  /** What moved is to be remembered as ours; only a stop ends the attempts. */
  async function persist<T>(attempt: () => Promise<T>): Promise<T> {
    for (;;) {
      try {
        return await attempt();
      } catch (error) {
        if (stopping.signal.aborted) throw error;
        listener.onTrouble('a call of the refresh endpoint could not be judged yet', error);
        await delay(judgeAgainAfterMs, undefined, { signal: stopping.signal }).catch(
          () => undefined,
        );
      }
    }
  }

  async function record(
    outcomes: readonly (readonly [string, RefreshOutcome])[],
    failuresBefore: number,
  ): Promise<void> {
    const advanced = outcomes.some(([, { kind }]) => kind === 'refreshed');
    const failures = advanced ? 0 : failuresBefore + Number(outcomes.length > 0);
    const waitMs = failures === 0 ? 0 : backoffMs(failures, null, parts.random());
    await writeTransaction(statePool, async (query) => {
      const memory = await readTokenMemory(query, provider);
      const closed = outcomes.flatMap(([tokenId, outcome]) => {
        const remembered = memory.get(tokenId);
        if (remembered === undefined) return [];
        const policy = { confirmAfterMs: 0, random: parts.random() };
        return [remember(remembered, outcome, policy).closed];
      });
      await closeClaims(query, provider, null, closed);
      await releaseAppCall(query, provider, owner, {
        failures,
        waitMs,
      });
    });
  }

  return {
    offer(next) {
      const offered = new Set(next.due.map(({ tokenId }) => tokenId));
      if (running === null) dueIds = offered;
      if (offered.size === 0 || stopping.signal.aborted || running !== null) return;
      start(() => work(offered, false));
    },
    force({ tokenIds }) {
      start(() => workForced(tokenIds));
    },
    async stop() {
      stopping.abort();
      await running;
    },
  };
}
