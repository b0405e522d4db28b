import { groupByDatabase } from '../database/read-each.js';
import type { SwitchPools } from '../remedy/switch-rows.js';
import type { RemedyScope } from './remedy-scope.js';
import type { TokenFacts } from './token-facts.js';

/** Why these rows can't be switched together; null: they can. No transaction spans two databases. */
export function whyNotTogether(rows: readonly TokenFacts[]): string | null {
  const names = [...groupByDatabase(rows.map(({ provider }) => provider)).keys()];
  if (names.length <= 1) return null;
  return `these rows are in ${String(names.length)} databases (${names.join(', ')}), and all are switched or none: name one --provider`;
}

/** Where rows of one database are written, and where the ledger is. */
export function switchPools(
  { ready, databases, state }: RemedyScope,
  rows: readonly TokenFacts[],
): SwitchPools {
  const why = whyNotTogether(rows);
  const [first] = rows;
  if (why !== null || first === undefined) throw new TypeError(why ?? 'there is no row to switch');
  const { database } = first.provider;
  const url = ready.config.databases.find(({ name }) => name === database)?.url;
  return {
    app: databases.of(first.provider).pool,
    state: ready.config.state.database.url === url ? null : state.pool,
  };
}
