import type { Assessment } from '../assess/assess.js';
import type { AssessedToken } from '../assess/assessed-token.js';
import { sliceSize, sortInSlices } from '../assess/slices.js';
import type { Slices } from '../assess/slices.js';
import type { ProviderConfig } from '../config/config.js';
import { isoInstant } from '../config/format-instant.js';
import { showAccount } from '../notify/mask-account.js';
import type { AccountMode } from '../notify/mask-account.js';
import { quoteCsv } from '../remedy/quote-csv.js';
import { lastRefreshAtMs, longestWaitFirst } from '../remedy/reconnect-list.js';
import { mustReconnect, reconnectNeed } from '../remedy/reconnect-need.js';
import type { ReconnectReason } from '../remedy/reconnect-need.js';
import { judgedToken } from './explained-token.js';
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

/**
 * Who must authorize again as of the last poll, whoever waits longest first; with `all`, after them,
 * also those whom something else may help. Since when a row is switched off only the ledger knows.
 */
export function* findReconnects(
  { providers, observedAt }: Assessment,
  configured: readonly ProviderConfig[],
  all: boolean,
): Slices<readonly WaitingUser[]> {
  const nowMs = observedAt?.getTime() ?? 0;
  const must: WaitingUser[] = [];
  const others: WaitingUser[] = [];
  let looked = 0;
  for (const provider of configured) {
    const assessed = providers.get(provider.name);
    for (const token of assessed?.grants?.tokens ?? []) {
      looked += 1;
      if (looked % sliceSize === 0) yield;
      if (!mayBeListed(token, nowMs, all)) continue;
      const judged = judgedToken(provider, token, assessed?.syncFailures ?? null);
      const need = reconnectNeed(judged, null, nowMs);
      if (need === null) continue;
      const isMust = mustReconnect(need.reason);
      if (!isMust && !all) continue;
      const { reason, sinceMs } = need;
      (isMust ? must : others).push({ provider: provider.name, token, reason, sinceMs });
    }
  }
  return [
    ...(yield* sortInSlices(must, longestWaitFirst)),
    ...(yield* sortInSlices(others, longestWaitFirst)),
  ];
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
