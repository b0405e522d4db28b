import type { ComponentChildren } from 'preact';
import { grantStates } from '../../assess/grant-state.js';
import { tokenStatusWords, tokenStatuses } from '../../assess/token-status.js';
import { paths } from '../links.js';
import { everyToken } from '../token-query.js';
import type { TokenQuery, TokenView } from '../token-query.js';
import { visibleText } from '../visible-text.js';
import { grantWords } from './badges.js';

const longestChoice = 60;

const viewWords: Readonly<Record<TokenView, string>> = {
  outage: 'expired, and it is an outage',
  overdue: 'refresh overdue',
  switched_off_wrongly: 'switched off while valid',
  sync_failed: 'last sync failed',
  inactive: 'switched off',
};

/** The form that narrows the list of tokens: a plain GET, so that each list has an address. */
export function TokenFilters({
  query,
  providers,
}: {
  readonly query: TokenQuery;
  readonly providers: readonly string[];
}) {
  return (
    <form class="filters" method="get" action={paths.tokens} role="search">
      <Field name="q" label="Id, user or whole account">
        <input type="search" id="q" name="q" value={query.search} maxLength={200} />
      </Field>
      <Choice
        name="provider"
        label="Provider"
        chosen={query.provider}
        choices={providers.map((name) => [name, visibleText(name, longestChoice)])}
      />
      <Choice
        name="status"
        label="Access token"
        chosen={query.status}
        choices={tokenStatuses.map((status) => [status, tokenStatusWords[status]])}
      />
      <Choice
        name="grant"
        label="Grant"
        chosen={query.grant}
        choices={grantStates.map((state) => [state, grantWords[state]])}
      />
      <Choice name="view" label="Only" chosen={query.view} choices={Object.entries(viewWords)} />
      {query.order !== everyToken.order && <input type="hidden" name="sort" value={query.order} />}
      {query.descending && <input type="hidden" name="dir" value="desc" />}
      <div class="buttons">
        <button type="submit">Show</button>
        <a href={paths.tokens}>Reset</a>
      </div>
    </form>
  );
}

function Field({
  name,
  label,
  children,
}: {
  readonly name: string;
  readonly label: string;
  readonly children: ComponentChildren;
}) {
  return (
    <div class="field">
      <label for={name}>{label}</label>
      {children}
    </div>
  );
}

function Choice({
  name,
  label,
  chosen,
  choices,
}: {
  readonly name: string;
  readonly label: string;
  readonly chosen: string | null;
  readonly choices: readonly (readonly [value: string, text: string])[];
}) {
  return (
    <Field name={name} label={label}>
      <select id={name} name={name}>
        <option value="">all</option>
        {choices.map(([value, text]) => (
          <option key={value} value={value} selected={value === chosen}>
            {text}
          </option>
        ))}
      </select>
    </Field>
  );
}
