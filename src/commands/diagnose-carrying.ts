import type { ProviderConfig } from '../config/config.js';
import { resolveCarrySource } from '../observe/carried/carry-source.js';
import type { Catalog } from '../observe/catalog.js';
import { tokenSourceName } from '../observe/observe.js';
import { quote, quoteTable } from '../observe/readable-table.js';
import type { Finding } from './diagnose.js';

/** Says what keeps a large table from being read by its changes only, where that can be mended. */
export function diagnoseCarrying(
  { name, tokens: table }: ProviderConfig,
  catalog: Catalog,
): Finding[] {
  const carry = resolveCarrySource(table, catalog);
  if (!('because' in carry)) return [];
  const hint = (text: string, remedy: string): Finding[] => [
    { level: 'hint', subject: tokenSourceName(name), text, remedy },
  ];
  switch (carry.because) {
    case 'small':
    case 'joined':
      return [];
    case 'no_updated_at':
      return hint(
        'every poll reads the whole table: no column tells what changed',
        `map a timestamptz that moves with every write: providers.${name}.columns.updated_at`,
      );
    case 'no_id_order':
      return hint(
        `every poll reads the whole table: ${table.columns.id.column} is no NOT NULL column with a unique index, of type uuid, text or integer`,
        `map the primary key as providers.${name}.columns.id`,
      );
    case 'no_index':
      return hint(
        `every poll reads the whole table: no index on ${carry.column}`,
        `CREATE INDEX CONCURRENTLY ON ${quoteTable(table)} (${quote(carry.column)});`,
      );
  }
}
