import type { Assessment } from '../assess/assess.js';
import type { AssessedToken } from '../assess/assessed-token.js';
import { sliceSize } from '../assess/slices.js';
import type { Slices } from '../assess/slices.js';
import type { SyncFailures } from '../assess/sync-failures.js';
import type { ProviderConfig } from '../config/config.js';
import { isoInstant } from '../config/format-instant.js';
import { showAccount } from '../notify/mask-account.js';
import type { AccountMode } from '../notify/mask-account.js';
import { quoteCsv } from '../remedy/quote-csv.js';
import { lastRefreshAtMs, longestWaitFirst } from '../remedy/reconnect-list.js';
import { mustReconnect, reconnectNeed } from '../remedy/reconnect-need.js';
import type { ReconnectReason } from '../remedy/reconnect-need.js';
import { judgedToken } from './explained-token.js';
import { sortWindow } from './sort-window.js';
import { countOf, tokenOf, visitTokens } from './token-positions.js';
import { visibleText } from './visible-text.js';

/** What a reason means, for people. */
export const reconnectWords: Readonly<Record<ReconnectReason, string>> = {
  dead: 'the provider refused its refresh token twice (invalid_grant)',
  no_refresh_token: 'expired, and there is no refresh token',
  expired: 'expired; a refresh may mend it',
  inactive: 'switched off; `reactivate` tries it',
  inactive_valid: 'switched off although valid; `reactivate`',
};

/** Somebody who is to authorize a token again. */
export interface WaitingUser {
  readonly provider: string;
  readonly token: AssessedToken;
  readonly reason: ReconnectReason;
  /** Epoch milliseconds; null: not known. */
  readonly sinceMs: number | null;
}

/** Who must authorize again: how many, and those whom a page shows. */
export interface Reconnects {
  /** How many no refresh can help. */
  readonly must: number;
  /** With those whom something else may help. */
  readonly total: number;
  /** The first of them: who must before who may, and whoever waits longest first. */
  readonly first: readonly WaitingUser[];
  readonly all: () => Slices<readonly WaitingUser[]>;
}

/** How many a page shows, at most. */
export const mostListed = 1_000;

/**
 * Who must authorize again as of the last poll; with `all` also those whom something else may help.
 * Since when a row is switched off only the ledger knows.
 *
 * Tens of thousands may have merely expired: of each a number is kept, and only who is shown is put
 * in order and made an object of.
 */
export function* findReconnects(
  { providers, observedAt }: Assessment,
  configured: readonly ProviderConfig[],
  all: boolean,
): Slices<Reconnects> {
  const nowMs = observedAt?.getTime() ?? 0;
  const judged = configured.flatMap((provider) => {
    const assessed = providers.get(provider.name);
    const tokens = assessed?.grants?.tokens ?? [];
    return [{ provider, tokens, failures: assessed?.syncFailures ?? null }];
  });
  const needOf = ({ provider, failures }: JudgedTokens, token: AssessedToken) =>
    mayBeListed(token, nowMs, all)
      ? reconnectNeed(judgedToken(provider, token, failures), null, nowMs)
      : null;
  const count = countOf(judged);
  const since = new Float64Array(count);
  const must = new Uint32Array(count);
  const others = new Uint32Array(count);
  let mustCount = 0;
  let otherCount = 0;
  yield* visitTokens(judged, (position, of, token) => {
    const need = needOf(of, token);
    if (need === null) return;
    const isMust = mustReconnect(need.reason);
    if (!isMust && !all) return;
    since[position] = need.sinceMs ?? -Infinity;
    if (isMust) must[mustCount++] = position;
    else others[otherCount++] = position;
  });

  const waitsLonger = (a: number, b: number) =>
    longestWaitFirst({ sinceMs: since[a] ?? null }, { sinceMs: since[b] ?? null });
  function* firstOf(most: number): Slices<readonly WaitingUser[]> {
    // A copy: somebody else may be sorting it at the same time.
    const sorted = (of: Uint32Array, found: number, limit: number) =>
      sortWindow(of.slice(0, found), 0, Math.min(found, limit), waitsLonger);
    const positions = [
      ...(yield* sorted(must, mustCount, most)),
      ...(yield* sorted(others, otherCount, Math.max(0, most - mustCount))),
    ];
    const waiting: WaitingUser[] = [];
    for (const position of positions) {
      const [of, token] = tokenOf(judged, position);
      const need = needOf(of, token);
      if (need !== null) waiting.push({ provider: of.provider.name, token, ...need });
      if (waiting.length % sliceSize === 0) yield;
    }
    return waiting;
  }

  const total = mustCount + otherCount;
  return {
    must: mustCount,
    total,
    first: yield* firstOf(mostListed),
    all: () => firstOf(total),
  };
}

/** The tokens of a provider, and what they are judged by. */
interface JudgedTokens {
  readonly provider: ProviderConfig;
  readonly tokens: readonly AssessedToken[];
  readonly failures: SyncFailures | null;
}

/** Of 100,000 tokens that are well none needs a closer look. */
function mayBeListed(token: AssessedToken, nowMs: number, all: boolean): boolean {
  const { active, expiresAtMs, hasRefreshToken, memory } = token;
  if (memory.deadSinceMs !== null) return true;
  const isExpired = expiresAtMs !== null && expiresAtMs < nowMs;
  return all ? isExpired || !active : isExpired && hasRefreshToken === false;
}

const longestCell = 1_000;

/** The list as CSV (RFC 4180), with the columns of `reconnect --csv` that are known here. */
export function reconnectCsv(list: readonly WaitingUser[], accounts: AccountMode): string {
  const header =
    'provider,token_id,user_id,account,reason,must_reconnect,since,last_refresh_at,token_expires_at,is_active';
  const lines = list.map(({ provider, token, reason, sinceMs }) =>
    [
      provider,
      token.tokenId,
      token.subject,
      showAccount(token.account, accounts),
      reason,
      String(mustReconnect(reason)),
      isoInstant(sinceMs),
      isoInstant(lastRefreshAtMs(token.memory)),
      isoInstant(token.expiresAtMs),
      String(token.active),
    ]
      .map((cell) => quoteCsv(visibleText(cell ?? '', longestCell)))
      .join(','),
  );
  return [header, ...lines, ''].join('\r\n');
}
