import type { accountModes } from '../config/notify-config.js';
import type { Notice } from './notice.js';

const graphemes = new Intl.Segmenter();
const stars = '***';

/**
 * Shortens an account to what its owner recognises and nobody else can use: `j***@e***.com`. How
 * long it was does not show, and of a part of one or two characters nothing does. Masking what is
 * masked already changes nothing.
 */
export function maskAccount(account: string): string {
  const at = account.lastIndexOf('@');
  if (at === -1) return maskPart(account);
  return `${maskPart(account.slice(0, at))}@${maskDomain(account.slice(at + 1))}`;
}

/** The top-level domain is shown where it looks like one. */
function maskDomain(domain: string): string {
  const dot = domain.lastIndexOf('.');
  const end = dot === -1 ? '' : domain.slice(dot);
  return /^\.[a-z]{2,12}$/i.test(end) ? maskPart(domain.slice(0, dot)) + end : maskPart(domain);
}

function maskPart(part: string): string {
  // Enough for any grapheme; a hostile one may be a megabyte of accents.
  const [first, , third] = Array.from(
    graphemes.segment(part.slice(0, 100)),
    ({ segment }) => segment,
  );
  const isShown = third !== undefined && first !== undefined && first.length <= 8 && first !== '*';
  return isShown ? first + stars : stars;
}

export type AccountMode = (typeof accountModes)[number];

/** An account as it is to be shown; null: not at all. */
export function showAccount(account: string | null, mode: AccountMode): string | null {
  if (account === null) return null;
  switch (mode) {
    case 'none':
      return null;
    case 'masked':
      return maskAccount(account);
    case 'full':
      return account;
  }
}

/** The notice with its accounts as they are to be shown. */
export function withAccountsShown(notice: Notice, mode: AccountMode): Notice {
  const accounts = notice.accounts.map(({ subject, account }) => ({
    subject,
    account: showAccount(account, mode),
  }));
  return { ...notice, accounts };
}
