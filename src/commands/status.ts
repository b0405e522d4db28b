import { styleText } from 'node:util';
import { tokenStatus, tokenStatusWords, tokenStatuses } from '../assess/token-status.js';
import type { TokenStatus } from '../assess/token-status.js';
import type { ProviderConfig } from '../config/config.js';
import { formatInstant, isoInstant } from '../config/format-instant.js';
import { DatabaseError } from '../database/explain-database-error.js';
import type { TokenListing } from '../observe/observe-token-list.js';
import type { ListedToken } from '../observe/token-list.js';
import { showAccount } from '../notify/mask-account.js';
import type { AccountMode } from '../notify/mask-account.js';
import { readSilences } from '../store/silences.js';
import type { Silence } from '../store/silences.js';
import { prepareConnection, withDatabase } from './command-context.js';
import type { CommandContext, ReadyToConnect } from './command-context.js';
import { exitCode } from './exit-code.js';
import type { ExitCode } from './exit-code.js';
import { listTokens } from './list-tokens.js';
import { printable } from './printable.js';
import { formatSilences } from './silence.js';
import { withState } from './state-database.js';
import { describeStored } from './status-stored.js';
import { statusCalendar } from './status-calendar.js';
import { formatTable } from './table.js';
import { selectProviders } from './select-providers.js';
import { describeUnread, unreadOf } from './unread-provider.js';
import type { UnreadProvider } from './unread-provider.js';

export interface StatusOptions {
  readonly json: boolean;
  readonly provider: string | null;
  readonly status: TokenStatus | null;
  /** Answer "no" when a listed token has this status. */
  readonly failOn: TokenStatus | null;
  /** Show what expires when instead of the tokens. */
  readonly calendar: boolean;
  readonly accounts: AccountMode;
}

/** A token, its account as it is shown, and what it is at this moment. */
export interface StatusRow extends ListedToken {
  readonly provider: string;
  readonly status: TokenStatus;
}

/** `status`: the runbook's table of every token, the ones without expiry first, then the soonest. */
export async function status(context: CommandContext, options: StatusOptions): Promise<ExitCode> {
  const ready = prepareConnection(context);
  if (ready === null) return exitCode.usage;
  const selected = selectProviders(ready.config.providers, options.provider);
  if ('problem' in selected) {
    context.stderr.write(`${selected.problem}\n`);
    return exitCode.usage;
  }
  const { providers } = selected;

  if (options.calendar) return statusCalendar(context, ready, providers, options.json);
  let listing: TokenListing;
  let stored: readonly string[];
  try {
    [listing, stored] = await withDatabase(ready, context.terminated, async (databases) => [
      await listTokens(databases.of, providers),
      options.json ? [] : await describeStored(databases.of, providers),
    ]);
  } catch (error) {
    if (!(error instanceof DatabaseError)) throw error;
    context.stderr.write(`${error.message}\n`);
    return exitCode.unknown;
  }

  const silences = await readSilencesOf(ready, context.terminated);
  const rows = statusRows(listing, options.accounts).filter(
    (row) => options.status === null || row.status === options.status,
  );
  context.stdout.write(
    options.json
      ? `${JSON.stringify(statusJson(listing, rows, silences), null, 2)}\n`
      : formatStatus(rows, providers.length > 1, context.stdout.colours) + formatSilences(silences),
  );
  const unread = unreadTokens(listing);
  if (!options.json) context.stdout.write(describeShadow(providers));
  for (const line of stored) context.stdout.write(`${line}\n`);
  for (const each of unread) context.stderr.write(`${printable(describeUnread(each))}\n`);

  if (rows.some((row) => row.status === options.failOn)) return exitCode.no;
  return unread.length > 0 ? exitCode.unknown : exitCode.fine;
}

/** Says what people might not expect of a table of due tokens: that nothing is done about them. */
function describeShadow(providers: readonly ProviderConfig[]): string {
  return providers
    .filter(({ refresh }) => refresh?.mode === 'shadow')
    .map(({ name }) => `${name}: the refresh mode is shadow, so nothing is refreshed\n`)
    .join('');
}

/** None where there is no memory: the tokens are what this command is about. */
async function readSilencesOf(ready: ReadyToConnect, terminated: AbortSignal): Promise<Silence[]> {
  try {
    return await withState(ready, terminated, (state) => state.run(readSilences));
  } catch (error) {
    if (error instanceof DatabaseError) return [];
    throw error;
  }
}

/** Classifies what was listed, in one order over all providers. */
export function statusRows({ providers }: TokenListing, accounts: AccountMode): StatusRow[] {
  return providers
    .flatMap(({ provider, now, tokens }) =>
      tokens.known
        ? tokens.value.map((token) => ({
            ...token,
            account: showAccount(token.account, accounts),
            provider: provider.name,
            status: tokenStatus(token.expiresAtMs, now, provider.expiringSoonMs),
          }))
        : [],
    )
    .sort((a, b) => compareExpiry(a.expiresAtMs, b.expiresAtMs));
}

/** No expiry first, then the soonest, as `NULLS FIRST` orders. */
function compareExpiry(a: number | null, b: number | null): number {
  if (a === b) return 0;
  if (a === null) return -1;
  if (b === null) return 1;
  return a < b ? -1 : 1;
}

/** The table and a closing line that counts. */
export function formatStatus(
  rows: readonly StatusRow[],
  severalProviders: boolean,
  colours: boolean,
): string {
  const showIds = !isOnePerUser(rows);
  const cells = rows.map((row) => [
    ...(severalProviders ? [row.provider] : []),
    ...(showIds ? [row.id ?? ''] : []),
    row.subject ?? '',
    row.account ?? '',
    formatInstant(row.expiresAtMs) ?? '',
    String(row.active),
    tokenStatusWords[row.status],
  ]);
  const titles = [
    ...(severalProviders ? ['provider'] : []),
    ...(showIds ? ['token_id'] : []),
    ...['user_id', 'account', 'token_expires_at', 'is_active', 'token_status'],
  ];
  const paint = (text: string, column: number): string => {
    if (!colours || column !== titles.length - 1) return text;
    const found = tokenStatuses.find((each) => tokenStatusWords[each] === text.trimEnd());
    // Whether to colour is decided; styleText would look at the terminal again.
    return found === undefined
      ? text
      : styleText(statusColours[found], text, { validateStream: false });
  };
  return `${formatTable(titles, cells, paint)}\n\n${formatSummary(rows)}\n`;
}

/** Whether a user's id names a token to `explain` and `refresh`; else they need the token's own. */
function isOnePerUser(rows: readonly StatusRow[]): boolean {
  const users = rows.map(({ provider, subject }) =>
    subject === null ? null : JSON.stringify([provider, subject]),
  );
  return !users.includes(null) && new Set(users).size === rows.length;
}

/** Colours of the words, for a terminal that has some. */
export const statusColours = {
  expired: 'red',
  expiring_soon: 'yellow',
  valid: 'green',
  unknown: 'magenta',
} as const satisfies Record<TokenStatus, string>;

/** `60 tokens: 5 VALID, 55 EXPIRED`. */
export function formatSummary(rows: readonly StatusRow[]): string {
  const counts = tokenStatuses
    .map((each) => ({ each, count: rows.filter((row) => row.status === each).length }))
    .filter(({ count }) => count > 0)
    .map(({ each, count }) => `${String(count)} ${tokenStatusWords[each]}`);
  const total = rows.length === 1 ? '1 token' : `${String(rows.length)} tokens`;
  return counts.length === 0 ? total : `${total}: ${counts.join(', ')}`;
}

function unreadTokens({ providers }: TokenListing): UnreadProvider[] {
  return providers.flatMap(({ provider, tokens }) => unreadOf(provider, tokens));
}

function statusJson(
  listing: TokenListing,
  rows: readonly StatusRow[],
  silences: readonly Silence[],
): unknown {
  return {
    now: listing.now.toISOString(),
    tokens: rows.map((row) => ({
      provider: row.provider,
      token_id: row.id,
      user_id: row.subject,
      account: row.account,
      token_expires_at: isoInstant(row.expiresAtMs),
      is_active: row.active,
      token_status: tokenStatusWords[row.status],
      app_status: row.appStatus,
    })),
    unknown: unreadTokens(listing),
    silences: silences.map(({ id, provider, cause, reason, createdBy, endsAt }) => ({
      id,
      provider,
      cause,
      until: endsAt.toISOString(),
      reason,
      by: createdBy,
    })),
  };
}
