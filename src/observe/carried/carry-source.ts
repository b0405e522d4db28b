import type { ColumnRef, TokenTable } from '../../config/config.js';
import { coversRows, displayName } from '../catalog.js';
import type { Catalog } from '../catalog.js';
import { quote } from '../readable-table.js';

/** How the changes of a token table, and its rows in the order of their ids, can be read. */
export interface CarrySource {
  /** Its own column, in the order of its index. */
  readonly id: string;
  readonly idType: string;
  readonly updatedAt: string;
  /** A trigger may be what moves it, so that it moves for whoever writes: for us too. */
  readonly movesByTrigger: boolean;
}

/** Why a table's rows can't be carried from poll to poll. */
export type NotCarried =
  | { readonly because: 'small' | 'joined' | 'no_updated_at' | 'no_id_order' }
  | { readonly because: 'no_index'; readonly column: string };

/**
 * From so many rows on, reading all of them with every poll costs more than carrying them: whole rows
 * soon, and counts, which the database makes without sending a row, late (`npm run bench:poll`).
 */
export const carriedFrom = { wholeRows: 100_000, counts: 3_000_000 };

/**
 * Works out whether only the changes of a table need to be read.
 *
 * That takes a column that moves with every write and an index on it, and an id that never is NULL
 * and has an index to go through all rows by. A fact from a joined table changes without the
 * token's row, so a mapping with joins is read in full.
 */
export function resolveCarrySource(
  table: TokenTable,
  catalog: Catalog,
  fromRows: number = carriedFrom.wholeRows,
): CarrySource | NotCarried {
  const relation = catalog.relations.get(displayName(table));
  const columnOf = (ref: ColumnRef | null) =>
    ref === null ? undefined : relation?.columns.get(ref.column);
  if (relation === undefined || relation.estimatedRows < fromRows) return { because: 'small' };
  if (Object.keys(table.joins).length > 0 || relation.isView) return { because: 'joined' };
  const { id, updatedAt } = table.columns;
  const idColumn = columnOf(id);
  const isOrdered = relation.uniqueKeys.some((key) => key.length === 1 && key[0] === id.column);
  if (idColumn?.notNull !== true || !isOrdered || !orderedTypes.test(idColumn.type)) {
    return { because: 'no_id_order' };
  }
  const changed = columnOf(updatedAt);
  if (updatedAt === null || changed?.selectable !== true || !instants.test(changed.type)) {
    return { because: 'no_updated_at' };
  }
  if (!coversRows(relation, updatedAt.column)) {
    return { because: 'no_index', column: updatedAt.column };
  }
  return {
    id: `t.${quote(id.column)}`,
    idType: idColumn.type,
    updatedAt: `t.${quote(updatedAt.column)}`,
    movesByTrigger: relation.triggersOnUpdate,
  };
}

/** Types whose text, cast back, is the same value. */
const orderedTypes = /^(uuid|text|character varying(\(\d+\))?|smallint|integer|bigint)$/;
const instants = /^timestamp(\(\d\))? with time zone$/;
