import { formatInstant, isoInstant } from '../config/format-instant.js';
import type { JudgedSync } from './judge-synced.js';
import type { SelectedSync } from './select-syncs.js';
import { formatTable } from './table.js';
import type { UnreadProvider } from './unread-provider.js';

/** Whom `sync` would sync, and why. */
export function formatPlan(syncs: readonly SelectedSync[]): string {
  const rows = syncs.map(({ provider, subject, tokenId, lastSuccessAtMs, why }) => [
    provider.name,
    subject ?? '',
    tokenId,
    formatInstant(lastSuccessAtMs) ?? 'never',
    why,
  ]);
  const header = ['provider', 'user_id', 'token_id', 'last success', 'why'];
  return `${formatTable(header, rows)}\n\n${String(rows.length)} to sync\n`;
}

/** What came of it: what the application said, and what its database says. */
export function formatSynced(syncs: readonly JudgedSync[]): string {
  const rows = syncs.map(({ target, outcome, after, detail }) => [
    target.provider.name,
    target.subject ?? '',
    outcome.replaceAll('_', ' '),
    after === null
      ? 'not known'
      : after.moved
        ? (formatInstant(after.lastSuccessAtMs) ?? '')
        : 'did not move',
    detail,
  ]);
  const moved = syncs.filter(({ after }) => after?.moved === true).length;
  const unread = syncs.filter(({ outcome, after }) => after === null && outcome !== 'not_tried');
  const header = ['provider', 'user_id', 'answer', 'last success', 'detail'];
  const total = [
    `synced ${String(moved)} of ${String(rows.length)}, by the database`,
    ...(unread.length === 0 ? [] : [`not known of ${String(unread.length)}`]),
  ];
  return `\n${formatTable(header, rows)}\n\n${total.join('; ')}\n`;
}

/** The same for programs, with whom it could not be found out for; `more` goes beside it. */
export function syncJson(
  syncs: readonly JudgedSync[],
  dryRun: boolean,
  unknown: readonly UnreadProvider[],
  more: Readonly<Record<string, unknown>> = {},
): string {
  const rows = syncs.map(({ target, outcome, after, detail }) => ({
    provider: target.provider.name,
    user_id: target.subject,
    token_id: target.tokenId,
    why: target.why,
    last_success_before: isoInstant(target.lastSuccessAtMs),
    outcome,
    detail,
    last_success_after: isoInstant(after?.lastSuccessAtMs ?? null),
    moved: after?.moved ?? null,
  }));
  return `${JSON.stringify({ dry_run: dryRun, ...more, syncs: rows, unknown }, null, 2)}\n`;
}
