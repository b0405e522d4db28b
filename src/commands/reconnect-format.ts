import { formatInstant, isoInstant } from '../config/format-instant.js';
import type { Reconnect } from '../remedy/reconnect-list.js';
import { quoteCsv } from '../remedy/quote-csv.js';
import { mustReconnect } from '../remedy/reconnect-need.js';
import type { ReconnectReason } from '../remedy/reconnect-need.js';
import { showAccount } from '../notify/mask-account.js';
import type { AccountMode } from '../notify/mask-account.js';
import { printable } from './printable.js';
import { formatTable } from './table.js';

/** What a reason means, for people. */
export const reasonWords = {
  dead: 'dead: invalid_grant, confirmed',
  no_refresh_token: 'expired, no refresh token',
  expired: 'expired; a refresh may mend it',
  inactive: 'inactive; reactivate tries it',
  inactive_valid: 'inactive although valid; reactivate',
} as const satisfies Record<ReconnectReason, string>;

/** The table, and below it how many there are and how they divide. */
export function formatReconnectTable(
  list: readonly Reconnect[],
  options: {
    readonly severalProviders: boolean;
    readonly allExpired: boolean;
    readonly accounts: AccountMode;
  },
): string {
  const { severalProviders, allExpired, accounts } = options;
  if (list.length === 0) {
    return allExpired
      ? 'nobody: no token is expired or inactive\n'
      : 'nobody must authorize again; --all-expired lists whoever is merely expired or inactive\n';
  }
  const header = ['user_id', 'account', 'app_email', 'why', 'since', 'last refresh', 'expires'];
  const rows = list.map(({ token, reason, sinceMs, lastRefreshAtMs, appEmail }) => [
    ...(severalProviders ? [token.provider.name] : []),
    token.row.subject ?? '',
    showAccount(token.row.account, accounts) ?? '',
    showAccount(appEmail, accounts) ?? '',
    reasonWords[reason],
    formatInstant(sinceMs) ?? '',
    formatInstant(lastRefreshAtMs) ?? 'never seen',
    formatInstant(token.row.expiresAtMs) ?? '',
  ]);
  const table = formatTable([...(severalProviders ? ['provider'] : []), ...header], rows);
  const must = list.filter(({ reason }) => mustReconnect(reason)).length;
  const rest = list.length - must;
  const total = `${String(must)} must authorize again${rest > 0 ? `, ${String(rest)} may be mended without them` : ''}`;
  const hint = accounts === 'masked' ? '; --accounts full shows whole addresses' : '';
  return `${table}\n\n${total}${hint}\n`;
}

/** The list as JSON. */
export function reconnectJson(
  list: readonly Reconnect[],
  about: {
    readonly now: Date;
    readonly unread: readonly string[];
    readonly memoryProblem: string | null;
    readonly accounts: AccountMode;
  },
): unknown {
  return {
    now: about.now.toISOString(),
    reconnects: list.map((each) => record(each, about.accounts)),
    unknown: [...about.unread, ...(about.memoryProblem === null ? [] : [about.memoryProblem])],
  };
}

function record(
  { token: { provider, row }, reason, sinceMs, lastRefreshAtMs, appEmail, name }: Reconnect,
  accounts: AccountMode,
) {
  return {
    provider: provider.name,
    token_id: row.id,
    user_id: row.subject,
    account: showAccount(row.account, accounts),
    app_email: showAccount(appEmail, accounts),
    name: accounts === 'full' ? name : null,
    reason,
    must_reconnect: mustReconnect(reason),
    since: isoInstant(sinceMs),
    last_refresh_at: isoInstant(lastRefreshAtMs),
    token_expires_at: isoInstant(row.expiresAtMs),
    is_active: row.active,
  };
}

/** The list as CSV (RFC 4180), with CRLF. */
export function formatReconnectCsv(list: readonly Reconnect[], accounts: AccountMode): string {
  const header = [
    'provider,token_id,user_id,account,app_email,name,reason,must_reconnect,since',
    'last_refresh_at,token_expires_at,is_active',
  ].join(',');
  const lines = list.map((each) => Object.values(record(each, accounts)).map(csvCell).join(','));
  return [header, ...lines, ''].join('\r\n');
}

/** One cell of a CSV file. */
export function csvCell(value: string | boolean | null): string {
  return quoteCsv(printable(String(value ?? '')));
}
