import { formatInstant, isoInstant } from '../config/format-instant.js';
import type { DeactivateLine } from './deactivate.js';
import { showAccount } from '../notify/mask-account.js';
import type { AccountMode } from '../notify/mask-account.js';
import { tableNotes } from './table-notes.js';
import { formatTable } from './table.js';

interface Deactivation {
  /** false: it is only shown what would be done. */
  readonly done: boolean;
  readonly json: boolean;
  readonly accounts: AccountMode;
  readonly now: Date;
  readonly severalProviders: boolean;
}

/** What is done, or would be, with each active row that has expired: the runbook's list of users. */
export function formatDeactivation(lines: readonly DeactivateLine[], about: Deactivation): string {
  return about.json ? formatJson(lines, about) : formatLines(lines, about);
}

function formatLines(
  lines: readonly DeactivateLine[],
  { done, accounts, severalProviders }: Deactivation,
): string {
  const total = summary(lines, done);
  if (lines.length === 0) return `${total}\n`;
  const header = ['user_id', 'account', 'app_email', 'token_expires_at', 'what', 'why'];
  const rows = lines.map(({ facts, appEmail, step }) => [
    ...(severalProviders ? [facts.provider.name] : []),
    facts.row.subject ?? '',
    showAccount(facts.row.account, accounts) ?? '',
    showAccount(appEmail, accounts) ?? '',
    formatInstant(facts.row.expiresAtMs) ?? '',
    step.kind === 'deactivate' ? (done ? 'deactivated' : 'deactivate') : step.kind,
    why(step),
  ]);
  const titles = [...(severalProviders ? ['provider'] : []), ...header];
  const notes = tableNotes(
    lines.map(({ facts, step }) => ({ id: facts.row.id, detail: why(step) })),
  );
  return `${formatTable(titles, rows)}\n\n${notes}${total}\n`;
}

function formatJson(
  lines: readonly DeactivateLine[],
  { done, accounts, now }: Deactivation,
): string {
  const json = {
    now: now.toISOString(),
    done,
    tokens: lines.map(({ facts: { provider, row }, appEmail, step }) => ({
      provider: provider.name,
      token_id: row.id,
      user_id: row.subject,
      account: showAccount(row.account, accounts),
      app_email: showAccount(appEmail, accounts),
      token_expires_at: isoInstant(row.expiresAtMs),
      step: step.kind,
      why: why(step),
    })),
  };
  return `${JSON.stringify(json, null, 2)}\n`;
}

function why(step: DeactivateLine['step']): string {
  switch (step.kind) {
    case 'deactivate':
      return step.reason;
    case 'refresh':
      return 'may live: a refresh is tried first';
    case 'leave':
      return step.because;
  }
}

function summary(lines: readonly DeactivateLine[], done: boolean): string {
  if (lines.length === 0)
    return done ? 'nothing is expired any more' : 'no active token is expired';
  const count = (kind: DeactivateLine['step']['kind']) =>
    lines.filter(({ step }) => step.kind === kind).length;
  const parts = [
    `${done ? 'deactivated' : 'would deactivate'} ${String(count('deactivate'))} of ${String(lines.length)}`,
    ...(count('refresh') > 0 ? [`try to refresh ${String(count('refresh'))} first`] : []),
    ...(count('leave') > 0 ? [`leave ${String(count('leave'))} (--force takes them too)`] : []),
  ];
  return parts.join(', ');
}
