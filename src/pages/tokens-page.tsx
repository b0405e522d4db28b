import { showAccount } from '../notify/mask-account.js';
import { tokenHref } from './links.js';
import { nameOf } from './listed-token.js';
import type { ListedToken, Urgency } from './listed-token.js';
import type { PolledView } from './page-view.js';
import { GrantBadge, StatusBadge } from './parts/badges.js';
import { Data } from './parts/data.js';
import { Instant } from './parts/instant.js';
import { Problem, TableFrame } from './parts/section.js';
import { formatCount } from './parts/shares.js';
import { TokenFilters } from './parts/token-filters.js';
import { tokensHref } from './token-query.js';
import type { TokenOrder, TokenQuery } from './token-query.js';
import type { TokenPage } from './token-index.js';
import { accountMode } from './visitor.js';

/** Every token: filtered, sorted, searched and paged through on the server. */
export function TokensPage({
  view,
  query,
  found,
}: {
  readonly view: PolledView;
  readonly query: TokenQuery;
  readonly found: TokenPage;
}) {
  const { memoryProblem, providers } = view.assessment;
  const isPartial = [...providers.values()].some(({ grants }) => grants === null);
  return (
    <>
      <h1>Tokens</h1>
      {isPartial && (
        <Problem
          text={`Only the most urgent tokens are listed, and nothing is known of their grants${memoryProblem === null ? '' : `: ${memoryProblem}`}`}
        />
      )}
      <TokenFilters query={query} providers={[...providers.keys()]} />
      <p class="count" role="status">
        {describeCount(found)}
      </p>
      {found.matching > 0 && (
        <>
          <TokenTable view={view} query={query} tokens={found.tokens} />
          <Pager query={query} found={found} />
        </>
      )}
    </>
  );
}

function describeCount({ matching, page, pages }: TokenPage): string {
  if (matching === 0) return 'No token matches.';
  const count = matching === 1 ? '1 token' : `${formatCount(matching)} tokens`;
  return pages === 1 ? count : `${count}, page ${formatCount(page)} of ${formatCount(pages)}`;
}

function TokenTable({
  view,
  query,
  tokens,
}: {
  readonly view: PolledView;
  readonly query: TokenQuery;
  readonly tokens: readonly ListedToken[];
}) {
  return (
    <TableFrame label="Tokens">
      <table class="tokens">
        <thead>
          <tr>
            <Column query={query} order="user" title="User" />
            <th scope="col" class="wide">
              Account
            </th>
            <Column query={query} order="provider" title="Provider" wide />
            <Column query={query} order="urgency" title="Access token" />
            <th scope="col">Grant</th>
            <Column query={query} order="expires" title="Expires" />
            <Column query={query} order="due" title="Refresh due" wide />
            <th scope="col" class="wide">
              Notes
            </th>
          </tr>
        </thead>
        <tbody>
          {tokens.map((token) => (
            <TokenRow key={`${token.provider} ${token.tokenId}`} token={token} view={view} />
          ))}
        </tbody>
      </table>
    </TableFrame>
  );
}

function Column({
  query,
  order,
  title,
  wide = false,
}: {
  readonly query: TokenQuery;
  readonly order: TokenOrder;
  readonly title: string;
  readonly wide?: boolean;
}) {
  const isSorted = query.order === order;
  const direction = query.descending ? 'descending' : 'ascending';
  const next = { ...query, order, descending: isSorted && !query.descending, page: 1 };
  return (
    <th scope="col" {...(wide && { class: 'wide' })} {...(isSorted && { 'aria-sort': direction })}>
      <a href={tokensHref(next)}>
        {title}
        {isSorted && <span aria-hidden="true">{query.descending ? ' ▼' : ' ▲'}</span>}
      </a>
    </th>
  );
}

function TokenRow({
  token,
  view: { nowMs, visitor },
}: {
  readonly token: ListedToken;
  readonly view: PolledView;
}) {
  const { provider, tokenId, assessed } = token;
  const account = showAccount(assessed?.account ?? null, accountMode(visitor));
  return (
    <tr>
      <th scope="row">
        <a href={tokenHref(provider, tokenId)}>
          <Data text={nameOf(token)} />
        </a>
      </th>
      <td class="wide account">
        {account === null ? <span class="quiet">–</span> : <Data text={account} />}
      </td>
      <td class="wide">
        <Data text={provider} />
      </td>
      <td>
        <StatusBadge status={token.status} />
      </td>
      <td>
        <GrantBadge grant={token.grant} />
      </td>
      <td>
        <Instant ms={token.expiresAtMs} nowMs={nowMs} none="not recorded" />
      </td>
      <td class="wide">
        <Instant ms={token.dueAtMs} nowMs={nowMs} />
      </td>
      <td class="wide">{notesOf(token).join(', ')}</td>
    </tr>
  );
}

const urgencyNotes: Readonly<Record<Urgency, string | null>> = {
  outage: 'an outage: it should have been refreshed',
  overdue: 'refresh overdue',
  dead: 'must reconnect',
  at_risk: 'last refresh failed',
  switched_off_wrongly: 'switched off while valid',
  expired: null,
  none: null,
};

function notesOf({ urgency, active, assessed }: ListedToken): string[] {
  const note = urgencyNotes[urgency];
  const failed = assessed?.memory.failureReason ?? null;
  return [
    ...(note === null ? [] : [note]),
    ...(urgency === 'at_risk' && failed !== null ? [`(${failed})`] : []),
    ...(active || urgency === 'switched_off_wrongly' ? [] : ['switched off']),
    ...(assessed?.hasRefreshToken === false ? ['no refresh token'] : []),
  ];
}

function Pager({ query, found }: { readonly query: TokenQuery; readonly found: TokenPage }) {
  const { page, pages } = found;
  if (pages === 1) return null;
  const to = (wanted: number, title: string, isThere: boolean, rel?: string) =>
    isThere ? (
      <a href={tokensHref({ ...query, page: wanted })} {...(rel !== undefined && { rel })}>
        {title}
      </a>
    ) : (
      <span class="quiet">{title}</span>
    );
  return (
    <nav class="pager" aria-label="Pages of tokens">
      {to(1, 'First', page > 1)}
      {to(page - 1, 'Previous', page > 1, 'prev')}
      <span>
        {formatCount(page)} of {formatCount(pages)}
      </span>
      {to(page + 1, 'Next', page < pages, 'next')}
      {to(pages, 'Last', page < pages)}
    </nav>
  );
}
