import type { Assessment } from '../assess/assess.js';
import type { AssessedToken } from '../assess/assessed-token.js';
import type { ProviderConfig } from '../config/config.js';
import { isoInstant } from '../config/format-instant.js';
import { showAccount } from '../notify/mask-account.js';
import type { AccountMode } from '../notify/mask-account.js';
import { quoteCsv } from '../remedy/quote-csv.js';
import { reconnectList } from '../remedy/reconnect-list.js';
import type { Reconnect } from '../remedy/reconnect-list.js';
import { mustReconnect } from '../remedy/reconnect-need.js';
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

/**
 * Who must authorize again as of the last poll, whoever waits longest first; with `all`, after them,
 * also those whom something else may help. Since when a row is switched off only the ledger knows.
 */
export function findReconnects(
  { providers, observedAt }: Assessment,
  configured: readonly ProviderConfig[],
  all: boolean,
): Reconnect[] {
  const nowMs = observedAt?.getTime() ?? 0;
  const candidates = configured.flatMap((provider) => {
    const assessed = providers.get(provider.name);
    return (assessed?.grants?.tokens ?? [])
      .filter((token) => mayBeListed(token, nowMs, all))
      .map((token) => judgedToken(provider, token, assessed?.syncFailures ?? null));
  });
  const context = { personOf: () => null, lastSwitchOf: () => null };
  const list = reconnectList(candidates, context, all, nowMs);
  const isMust = ({ reason }: Reconnect) => mustReconnect(reason);
  return [...list.filter(isMust), ...list.filter((each) => !isMust(each))];
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
export function reconnectCsv(list: readonly Reconnect[], accounts: AccountMode): string {
  const header =
    'provider,token_id,user_id,account,reason,must_reconnect,since,last_refresh_at,token_expires_at,is_active';
  const lines = list.map(({ token: { provider, row }, reason, sinceMs, lastRefreshAtMs }) =>
    [
      provider.name,
      row.id,
      row.subject,
      showAccount(row.account, accounts),
      reason,
      String(mustReconnect(reason)),
      isoInstant(sinceMs),
      isoInstant(lastRefreshAtMs),
      isoInstant(row.expiresAtMs),
      String(row.active),
    ]
      .map((cell) => quoteCsv(visibleText(cell ?? '', longestCell)))
      .join(','),
  );
  return [header, ...lines, ''].join('\r\n');
}
