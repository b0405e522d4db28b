import type { LinksConfig } from '../config/notify-config.js';
import { linksOf } from './notice-links.js';
import type { Notice } from './notice.js';
import { affectedOf, durationWords, instantWords, shownAccounts, titleOf } from './notice-words.js';
import { cleanLines, clip } from './slack-text.js';

/**
 * A notice as lines of plain text, for a log, a phone's notification, and where blocks can't be
 * shown. The first line is the title; what matters most comes next. Nothing in it is escaped.
 */
export function formatPlainMessage(notice: Notice, links: LinksConfig): string {
  const lines = [
    titleOf(notice),
    clip(cleanLines(notice.explanation), 1_000),
    `${notice.kind === 'recovered' ? 'Proof' : 'Next'}: ${clip(cleanLines(notice.nextStep), 700)}`,
    whenLine(notice),
    accountLine(notice),
    ...linksOf(notice, links).map(({ label, url }) => `${label}: ${url}`),
  ];
  return lines.filter((line) => line !== null).join('\n');
}

function whenLine(notice: Notice): string {
  const affected = affectedOf(notice);
  const since = instantWords(notice.openedAtMs);
  const lasted = durationWords(notice.atMs - notice.openedAtMs);
  const when =
    notice.kind === 'recovered' ? `Since ${since}, over after ${lasted}` : `Since ${since}`;
  const facts = [notice.severity, ...(affected === null ? [] : [`${affected} affected`])];
  return `${when} (${facts.join(', ')})`;
}

function accountLine(notice: Notice): string | null {
  const { accounts, more } = shownAccounts(notice);
  if (accounts.length === 0) return null;
  const names = accounts.map(({ subject, account }) =>
    account === null ? subject : `${account} (${subject})`,
  );
  return `Affected: ${names.join(', ')}${more > 0 ? ` and ${String(more)} more` : ''}`;
}
