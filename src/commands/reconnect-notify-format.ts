import { formatInstant } from '../config/format-instant.js';
import type { MailPlan, PassedOver } from '../remedy/mail-plan.js';
import type { MailResult, MailRun } from '../remedy/mail-send.js';
import type { Reconnect } from '../remedy/reconnect-list.js';
import { showAccount } from '../notify/mask-account.js';
import type { AccountMode } from '../notify/mask-account.js';
import { tableNotes } from './table-notes.js';
import { formatTable } from './table.js';

interface MailFormat {
  readonly json: boolean;
  readonly accounts: AccountMode;
}

interface Line {
  readonly reconnects: readonly Reconnect[];
  readonly address: string | null;
  readonly word: string;
  readonly detail: string;
}

/** Who would be written to, and who not and why. */
export function formatMailPlan({ mails, passedOver }: MailPlan, about: MailFormat): string {
  const lines = [
    ...mails.map((mail): Line => ({ ...mail, word: 'write', detail: '' })),
    ...passedOver.map(passedOverLine),
  ];
  const total = `would write to ${String(mails.length)}, pass over ${String(passedOver.length)}${passedOver.some(({ because }) => because === 'written_recently') ? ' (--force writes again)' : ''}`;
  return format(lines, total, false, about);
}

/** What came of each mail. */
export function formatMailRun(
  { passedOver }: MailPlan,
  { results, left }: MailRun,
  about: MailFormat,
): string {
  const lines = [...results.map(resultLine), ...passedOver.map(passedOverLine)];
  const count = (word: string) => lines.filter((line) => line.word === word).length;
  const others = (['refused', 'failed', 'unconfirmed'] as const)
    .filter((word) => count(word) > 0)
    .map((word) => `, ${String(count(word))} ${word}`);
  const rest = left > 0 ? `, ${String(left)} not begun` : '';
  return format(lines, `sent ${String(count('sent'))}${others.join('')}${rest}`, true, about);
}

function format(
  lines: readonly Line[],
  total: string,
  done: boolean,
  { json, accounts }: MailFormat,
): string {
  if (json) {
    const mails = lines.map(({ reconnects, address, word, detail }) => ({
      address: showAccount(address, accounts),
      tokens: reconnects.map(({ token: { provider, row } }) => ({
        provider: provider.name,
        token_id: row.id,
        user_id: row.subject,
      })),
      outcome: word.replaceAll(' ', '_'),
      detail: detail === '' ? null : detail,
    }));
    return `${JSON.stringify({ done, mails }, null, 2)}\n`;
  }
  if (lines.length === 0) return 'nobody must authorize again\n';
  const users = ({ reconnects }: Line) =>
    [...new Set(reconnects.map(({ token }) => token.row.subject ?? ''))].join(', ');
  const notes = tableNotes(lines.map((line) => ({ id: users(line), detail: line.detail })));
  const rows = lines.map((line) => [
    users(line),
    showAccount(line.address, accounts) ?? '',
    line.word,
    line.detail,
  ]);
  return `${formatTable(['user_id', 'address', 'mail', 'detail'], rows)}\n\n${notes}${total}\n`;
}

function resultLine({ mail, outcome }: MailResult): Line {
  return {
    ...mail,
    word: outcome?.kind ?? 'passed over',
    detail: outcome === null ? 'somebody else has just written to them' : (outcome.detail ?? ''),
  };
}

function passedOverLine({ reconnect, because, writtenAt }: PassedOver): Line {
  return {
    reconnects: [reconnect],
    address: reconnect.appEmail ?? reconnect.token.row.account,
    word: 'passed over',
    detail: describe(because, writtenAt),
  };
}

function describe(because: PassedOver['because'], writtenAt: Date | null): string {
  switch (because) {
    case 'no_address':
      return 'no address is known';
    case 'invalid_address':
      return 'that is no address of mail';
    case 'written_recently':
      return `written to at ${formatInstant(writtenAt?.getTime() ?? null) ?? ''}`;
  }
}
