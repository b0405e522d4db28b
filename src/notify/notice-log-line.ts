import type { Notice, NoticeKind } from './notice.js';

/** The word that a message begins with. */
export const noticeWords: Readonly<Record<NoticeKind, string>> = {
  open: 'OPEN',
  update: 'UPDATE',
  reminder: 'REMINDER',
  recovered: 'RECOVERED',
};

/** A notice for the log: what happened, and what to do. Accounts stay out of it. */
export function noticeLogLine(notice: Notice): {
  readonly level: 'info' | 'warn';
  readonly message: string;
  readonly fields: Readonly<Record<string, unknown>>;
} {
  const { kind, provider, title, explanation, nextStep, cause, severity, affected } = notice;
  const who = provider === null ? '' : ` (${provider})`;
  return {
    level: kind === 'recovered' ? 'info' : 'warn',
    message: `${noticeWords[kind]}: ${title}${who}. ${explanation} ${nextStep}`,
    fields: { cause, severity, provider, affected },
  };
}
