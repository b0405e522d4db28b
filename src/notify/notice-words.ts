import type { AffectedAccount, Notice, NoticeKind } from './notice.js';
import { cleanText, clip } from './slack-text.js';

/** State words of a message. RECOVERED stands in closing titles only. */
export const stateWords: Readonly<Record<NoticeKind, string>> = {
  open: 'OPEN',
  update: 'UPDATE',
  reminder: 'REMINDER',
  recovered: 'RECOVERED',
};

const signs = { critical: '🔴', warning: '🟠', info: '🔵' } as const;

/**
 * The first line of a message: `🔴 OPEN fathom: 30 of 300 grants are dead`. At most 150 long, and
 * the same with and without escaping, so that it is one text in a header and everywhere else.
 */
export function titleOf(notice: Notice): string {
  const sign = notice.kind === 'recovered' ? '🟢' : signs[notice.severity];
  const about = notice.provider === null ? '' : `${cleanText(notice.provider)}: `;
  const title = `${sign} ${stateWords[notice.kind]} ${about}${cleanText(notice.title)}`;
  return clip(title.replaceAll('<', '‹').replaceAll('>', '›').replaceAll('&', '+'), 150);
}

/** `30 of 300`, `45 of 300, was 30`, null where nothing is counted. */
export function affectedOf({
  affected,
  outOf,
  previouslyAffected,
  accounts,
}: Notice): string | null {
  if (outOf === null && (affected === 0 || accounts.length === 0)) return null;
  const total = outOf === null ? '' : ` of ${String(outOf)}`;
  const moved = previouslyAffected !== null && previouslyAffected !== affected;
  return `${String(affected)}${total}${moved ? `, was ${String(previouslyAffected)}` : ''}`;
}

/** How many accounts a message names. */
const mostAccounts = 10;

export interface ShownAccounts {
  readonly accounts: readonly { readonly subject: string; readonly account: string | null }[];
  /** Affected, but not named. */
  readonly more: number;
}

/** The accounts that are named, cleaned and short, and how many are not. */
export function shownAccounts({ accounts, affected }: Notice): ShownAccounts {
  const shown = accounts.slice(0, mostAccounts).map((each: AffectedAccount) => ({
    subject: clip(cleanText(each.subject), 80),
    account: each.account === null ? null : clip(cleanText(each.account), 80),
  }));
  return { accounts: shown, more: Math.max(0, affected - shown.length) };
}

/** `2025-11-27 08:12 UTC`. */
export function instantWords(ms: number): string {
  const date = new Date(ms);
  if (Number.isNaN(date.getTime())) return 'an unknown time';
  return `${date.toISOString().slice(0, 16).replace('T', ' ')} UTC`;
}

const units = [
  ['d', 1_440],
  ['h', 60],
  ['min', 1],
] as const;

/** A duration in whole minutes and at most two units: `2 h 5 min`. */
export function durationWords(ms: number): string {
  let rest = Math.max(0, Math.floor(ms / 60_000));
  const parts: string[] = [];
  for (const [unit, minutes] of units) {
    const count = Math.floor(rest / minutes);
    rest -= count * minutes;
    if (parts.length === 0 && count === 0) continue;
    parts.push(count === 0 ? '' : `${String(count)} ${unit}`);
  }
  return parts.slice(0, 2).filter(Boolean).join(' ') || 'less than a minute';
}
