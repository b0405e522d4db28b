import { showAccount } from '../notify/mask-account.js';
import type { AccountMode } from '../notify/mask-account.js';
import { lastRefreshAtMs } from '../remedy/reconnect-list.js';
import { nameOf } from './listed-token.js';
import { paths, tokenHref, withParameters } from './links.js';
import type { PolledView } from './page-view.js';
import { Prose } from './parts/concern-list.js';
import { Data } from './parts/data.js';
import { Instant } from './parts/instant.js';
import { Problem, TableFrame } from './parts/section.js';
import { formatCount } from './parts/shares.js';
import { reconnectWords } from './reconnect-entries.js';
import type { Reconnects, WaitingUser } from './reconnect-entries.js';
import { visibleText } from './visible-text.js';
import { accountMode } from './visitor.js';

const mostShown = 100;

/** Who must authorize again: to copy, and as a file. */
export function ReconnectPage({
  view,
  reconnects: { must, total, first },
  all,
}: {
  readonly view: PolledView;
  readonly reconnects: Reconnects;
  readonly all: boolean;
}) {
  const { assessment, nowMs } = view;
  const isUnknown = [...assessment.providers.values()].some(({ grants }) => grants === null);
  return (
    <>
      <h1>Who must reconnect</h1>
      {(isUnknown || assessment.providers.size === 0) && (
        <Problem
          text={`It is not known of everybody: ${assessment.memoryProblem ?? 'no poll has seen all tokens yet'}`}
        />
      )}
      <p>
        <b>{must === 1 ? '1 user' : `${formatCount(must)} users`}</b> must authorize again: no
        refresh can help them.
        {all && ` ${formatCount(total - must)} more may be mended without them.`}
      </p>
      <p>
        <a href={all ? paths.reconnect : withParameters(paths.reconnect, { all: 1 })}>
          {all ? 'Only those who must' : 'Also who is merely expired or switched off'}
        </a>
      </p>
      {total > 0 && (
        <>
          <p>
            <a href={withParameters(paths.reconnectCsv, { all: all ? 1 : null })} download>
              Download all as CSV
            </a>
          </p>
          <ReconnectTable
            list={first.slice(0, mostShown)}
            nowMs={nowMs}
            accounts={accountMode(view.visitor)}
          />
          {total > mostShown && (
            <p>
              The first {formatCount(mostShown)} of {formatCount(total)}, whoever waits longest
              first. The CSV has all of them.
            </p>
          )}
          <CopyList list={first} total={total} />
        </>
      )}
    </>
  );
}

function ReconnectTable({
  list,
  nowMs,
  accounts,
}: {
  readonly list: readonly WaitingUser[];
  readonly nowMs: number;
  readonly accounts: AccountMode;
}) {
  return (
    <TableFrame label="Who must reconnect">
      <table>
        <thead>
          <tr>
            <th scope="col">User</th>
            <th scope="col" class="wide">
              Account
            </th>
            <th scope="col" class="wide">
              Provider
            </th>
            <th scope="col">Why</th>
            <th scope="col">Since</th>
            <th scope="col" class="wide">
              Last refresh
            </th>
          </tr>
        </thead>
        <tbody>
          {list.map(({ provider, token, reason, sinceMs }) => (
            <tr key={`${provider} ${token.tokenId}`}>
              <th scope="row">
                <a href={tokenHref(provider, token.tokenId)}>
                  <Data text={nameOf(token)} />
                </a>
              </th>
              <td class="wide account">
                <Data text={showAccount(token.account, accounts) ?? '–'} />
              </td>
              <td class="wide">
                <Data text={provider} />
              </td>
              <td>
                <Prose text={reconnectWords[reason]} />
              </td>
              <td>
                <Instant ms={sinceMs} nowMs={nowMs} none="not known" />
              </td>
              <td class="wide">
                <Instant ms={lastRefreshAtMs(token.memory)} nowMs={nowMs} none="never seen" />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </TableFrame>
  );
}

function CopyList({
  list,
  total,
}: {
  readonly list: readonly WaitingUser[];
  readonly total: number;
}) {
  const users = list.map(({ token }) => visibleText(nameOf(token), 300));
  const count = users.length === total ? 'Their ids' : `The first ${formatCount(users.length)} ids`;
  return (
    <details class="copy">
      <summary>{count}, to copy</summary>
      <label for="users">One user a line</label>
      <textarea id="users" readOnly rows={Math.min(12, users.length + 1)}>
        {users.join('\n')}
      </textarea>
      <button type="button" data-copy="users" hidden>
        Copy
      </button>
    </details>
  );
}
