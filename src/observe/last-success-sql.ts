import type { SyncEvidenceSql } from './sync-source.js';
import type { TokenSource } from './token-source.js';

/**
 * A FROM item that yields (id, subject, active, created_at, last_success_at) per token: the GREATEST
 * of all evidence there is.
 */
export function lastSuccessSql(tokens: TokenSource, evidence: SyncEvidenceSql): string {
  const joins = evidence.tables.map(
    ({ sql }, index) =>
      `LEFT JOIN (SELECT subject, max(at) AS at FROM ${sql} AS seen GROUP BY subject) AS e${String(index)}
         ON e${String(index)}.subject = tokens.subject`,
  );
  const instants = [
    ...evidence.columns.map((_, index) => `tokens.synced_${String(index)}`),
    ...evidence.tables.map((_, index) => `e${String(index)}.at`),
  ];
  const columns = evidence.columns.map((sql, index) => `, ${sql} AS synced_${String(index)}`);
  return `(SELECT tokens.id, tokens.subject, tokens.active, tokens.created_at,
                  GREATEST(${instants.join(', ')}) AS last_success_at
           FROM (SELECT ${tokens.id} AS id, ${tokens.subject} AS subject, ${tokens.active} AS active,
                        ${tokens.createdAt} AS created_at${columns.join('')}
                 FROM ${tokens.from}) AS tokens
           ${joins.join('\n           ')})`;
}
