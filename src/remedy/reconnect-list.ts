import type { SwitchEvent } from '../store/switch-events.js';
import type { JudgedToken } from './judged-token.js';
import type { Person } from './read-people.js';
import { mustReconnect, reconnectNeed } from './reconnect-need.js';
import type { ReconnectReason } from './reconnect-need.js';

/** One user who is to authorize one token again. Holds personal data and no secret. */
export interface Reconnect {
  readonly token: JudgedToken;
  readonly reason: ReconnectReason;
  /** Instants are epoch milliseconds; null: not known, or never. */
  readonly sinceMs: number | null;
  /** The last refresh that worked, whoever's it was. */
  readonly lastRefreshAtMs: number | null;
  /** Of the application's own user table. */
  readonly appEmail: string | null;
  readonly name: string | null;
}

/** Finds a person and the last switch of a row. */
export interface ReconnectContext {
  readonly personOf: (token: JudgedToken) => Person | null;
  readonly lastSwitchOf: (token: JudgedToken) => SwitchEvent | null;
}

/**
 * Lists who must authorize again, whoever waits longest first.
 *
 * Without `allExpired` only those whom nothing else can help. With it all that the runbook's query
 * finds, and the rows that were switched off while they were valid, which it misses.
 */
export function reconnectList(
  tokens: readonly JudgedToken[],
  { personOf, lastSwitchOf }: ReconnectContext,
  allExpired: boolean,
  nowMs: number,
): Reconnect[] {
  const found = tokens.flatMap((token): Reconnect[] => {
    const last = token.row.active ? null : lastSwitchOf(token);
    const off = last?.on === false ? last.at.getTime() : null;
    const need = reconnectNeed(token, off, nowMs);
    if (need === null || !(allExpired || mustReconnect(need.reason))) return [];
    const person = personOf(token);
    return [
      {
        token,
        ...need,
        lastRefreshAtMs: lastRefreshAtMs(token.memory),
        appEmail: person?.email ?? null,
        name: person?.name ?? null,
      },
    ];
  });
  return found.sort(longestWaitFirst);
}

/** Orders by since when somebody waits; who is not known to is first. */
export function longestWaitFirst(
  a: { readonly sinceMs: number | null },
  b: { readonly sinceMs: number | null },
): number {
  return (a.sinceMs ?? -Infinity) - (b.sinceMs ?? -Infinity) || 0;
}

/** The expiry moved, or we refreshed it: whichever is later. */
export function lastRefreshAtMs(memory: JudgedToken['memory']): number | null {
  const moved = memory?.expiryMovedAtMs ?? null;
  const refreshed = memory?.refreshedAtMs ?? null;
  if (moved === null || refreshed === null) return moved ?? refreshed;
  return Math.max(moved, refreshed);
}
