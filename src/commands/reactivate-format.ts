import { formatInstant, isoInstant } from '../config/format-instant.js';
import type { ReactivateLine } from './reactivate-lines.js';
import { showAccount } from '../notify/mask-account.js';
import type { AccountMode } from '../notify/mask-account.js';
import { tableNotes } from './table-notes.js';
import { formatTable } from './table.js';

interface Reactivation {
  /** false: it is only shown what would be done. */
  readonly done: boolean;
  readonly json: boolean;
  readonly accounts: AccountMode;
  readonly now: Date;
  readonly severalProviders: boolean;
}

/** What is done, or would be, with each row that is meant, and what came of it. */
export function formatReactivation(lines: readonly ReactivateLine[], about: Reactivation): string {
  const { done, json, accounts, now, severalProviders } = about;
  if (json) {
    const tokens = lines.map(({ facts: { provider, row }, step, outcome }) => ({
      provider: provider.name,
      token_id: row.id,
      user_id: row.subject,
      account: showAccount(row.account, accounts),
      token_expires_at: isoInstant(row.expiresAtMs),
      step: step.kind,
      outcome: outcome?.word.replaceAll(' ', '_') ?? null,
      detail: outcome?.detail ?? describe(step),
    }));
    return `${JSON.stringify({ now: now.toISOString(), done, tokens }, null, 2)}\n`;
  }
  if (lines.length === 0) return 'there is no such row to switch on\n';
  const rows = lines.map(({ facts: { provider, row }, step, outcome }) => [
    ...(severalProviders ? [provider.name] : []),
    row.id,
    row.subject ?? '',
    showAccount(row.account, accounts) ?? '',
    formatInstant(row.expiresAtMs) ?? '',
    outcome?.word ?? (step.kind === 'leave' ? 'leave' : 'reactivate'),
    outcome?.detail ?? describe(step),
  ]);
  const header = ['token_id', 'user_id', 'account', 'token_expires_at', 'what', 'detail'];
  const table = formatTable([...(severalProviders ? ['provider'] : []), ...header], rows);
  const count = done
    ? lines.filter(({ outcome }) => outcome?.word === 'reactivated').length
    : lines.filter(({ step }) => step.kind !== 'leave').length;
  const total = `${done ? 'reactivated' : 'would try'} ${String(count)} of ${String(lines.length)}`;
  const notes = tableNotes(
    lines.map(({ facts, step, outcome }) => ({
      id: facts.row.id,
      detail: outcome?.detail ?? describe(step),
    })),
  );
  return `${table}\n\n${notes}${total}\n`;
}

function describe(step: ReactivateLine['step']): string {
  switch (step.kind) {
    case 'prove':
      return 'if a refresh proves its grant';
    case 'switch_on':
      return step.because === 'undo' ? 'undoes deactivate' : 'forced, not proven';
    case 'leave':
      return step.because;
  }
}
