import type { ProviderConfig } from '../config/config.js';
import { pluralOf } from '../config/plural.js';
import type { Query } from '../database/read-snapshot.js';
import { displayName, readCatalog } from '../observe/catalog.js';
import { instantSql, quote, quoteTable } from '../observe/readable-table.js';
import { epochMs } from '../observe/instant-sql.js';

/** A row whose flag is to be written, as it was when that was decided. */
export interface FlaggedRow {
  readonly tokenId: string;
  readonly expiresAtMs: number | null;
}

/** What a switch found otherwise than it was decided on: nothing was written. */
export class SwitchRefused extends Error {
  override readonly name = 'SwitchRefused';
}

/** Why the flag of this provider's rows can't be written; null: it can. */
export function whyNotSwitchable({ name, tokens }: ProviderConfig): string | null {
  const { active } = tokens.columns;
  if (active === null) {
    return `${name}: no active column is mapped, so no row can be switched off or on (columns.active)`;
  }
  return active.join === null
    ? null
    : `${name}: the active flag stands in the joined table "${active.join}", which may belong to more than one token; switch it in the application`;
}

/**
 * Switches the flags of exactly these rows, in the transaction of `query`.
 *
 * A row counts only as it was when it was chosen: with the other flag, and the same expiry. Where one
 * row less is written than was chosen it throws, so that the transaction is rolled back: somebody
 * has reconnected in between, or a policy hides the row from an UPDATE.
 */
export async function switchActive(
  query: Query,
  provider: ProviderConfig,
  rows: readonly FlaggedRow[],
  on: boolean,
): Promise<void> {
  const { name, tokens } = provider;
  const { id, active, expiresAt } = tokens.columns;
  if (active?.join !== null || id.join !== null) {
    throw new SwitchRefused(
      whyNotSwitchable(provider) ?? `${name}: its id stands in a joined table`,
    );
  }
  const [session] = await query<{ role: string }>('SELECT current_user::text AS role');
  const catalog = await readCatalog(query, session?.role ?? '', [tokens]);
  const columns = catalog.relations.get(displayName(tokens))?.columns;
  const idType = columns?.get(id.column)?.type ?? 'text';
  const flag = `coalesce(t.${quote(active.column)}, ${String(columns?.get(active.column)?.defaultSql !== 'false')})`;
  const expiry = expiresAt?.join === null ? columns?.get(expiresAt.column) : undefined;
  const instant =
    expiresAt === null || expiry === undefined
      ? null
      : instantSql(`t.${quote(expiresAt.column)}`, expiry);
  const sameExpiry =
    instant === null ? '' : `AND ${epochMs(instant)} IS NOT DISTINCT FROM input."expiresAtMs"`;
  const input = `jsonb_to_recordset($1::jsonb) AS input("tokenId" text, "expiresAtMs" float8)`;
  const chosen = `t.${quote(id.column)} = input."tokenId"::${idType}
    AND ${flag} = ${String(!on)} ${sameExpiry}`;
  // As text: JSON has no infinity.
  const asText = (ms: number | null) => (ms === null ? null : String(ms));
  const values = [
    JSON.stringify(
      rows.map(({ tokenId, expiresAtMs }) => ({ tokenId, expiresAtMs: asText(expiresAtMs) })),
    ),
  ];
  const [found] = await query<{ count: number }>(
    `SELECT count(*)::integer AS count FROM ${quoteTable(tokens)} AS t, ${input} WHERE ${chosen}`,
    values,
  );
  if (found?.count !== rows.length) {
    throw new SwitchRefused(
      `${name}: only ${pluralOf(found?.count ?? 0, rows.length, 'row')} can be found as before: somebody changed the rest in the meantime. Nothing was changed; run it again`,
    );
  }
  const written = await query(
    `UPDATE ${quoteTable(tokens)} AS t SET ${quote(active.column)} = ${String(on)}
     FROM ${input} WHERE ${chosen} RETURNING input."tokenId"`,
    values,
  );
  if (written.length !== rows.length) {
    throw new SwitchRefused(
      `${name}: ${pluralOf(written.length, rows.length, 'row')} could be written, so nothing was changed. Somebody writes them at this moment: run it again; or row-level security hides them from an UPDATE: ${updatePolicy(provider, session?.role ?? '')}`,
    );
  }
}

/** The statement that lets `role` write the flag. */
export function grantSwitch({ tokens }: ProviderConfig, role: string): string {
  const column = tokens.columns.active?.column ?? '';
  return `GRANT UPDATE (${quote(column)}) ON ${quoteTable(tokens)} TO ${quote(role)};`;
}

function updatePolicy({ tokens }: ProviderConfig, role: string): string {
  return `CREATE POLICY oauth_token_exporter_switch ON ${quoteTable(tokens)} FOR UPDATE TO ${quote(role)} USING (true) WITH CHECK (true);`;
}
