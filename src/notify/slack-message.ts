import type {
  ActionsBlock,
  ContextBlock,
  HeaderBlock,
  KnownBlock,
  MrkdwnElement,
  SectionBlock,
} from '@slack/types';
import type { LinksConfig } from '../config/notify-config.js';
import { causes } from './causes/causes.js';
import { linksOf } from './notice-links.js';
import type { Notice } from './notice.js';
import { affectedOf, durationWords, instantWords, shownAccounts, titleOf } from './notice-words.js';
import { formatPlainMessage } from './plain-message.js';
import { cleanLines, cleanText, escapeWithin } from './slack-text.js';

/** What Slack is sent. `text` stands for all of it where blocks can't be shown. */
export interface SlackMessage {
  readonly text: string;
  readonly blocks: KnownBlock[];
}

export interface MessageOptions {
  readonly links: LinksConfig;
  /** Whom a critical message mentions, as Slack writes it. */
  readonly mention: string | null;
}

/**
 * A notice as Slack shows it: what, why, what to do, how bad and since when, whom it hits.
 *
 * Everything from data is escaped, and however much there is, the message keeps Slack's limits
 * (docs.slack.dev, "Block Kit"): a message that Slack refuses tells nobody.
 */
export function formatNotice(notice: Notice, { links, mention }: MessageOptions): SlackMessage {
  return {
    text: escapeWithin(formatPlainMessage(notice, links), 4_000),
    blocks: [
      header(notice),
      ...explanation(notice, mention),
      nextStep(notice),
      facts(notice),
      ...affectedAccounts(notice),
      ...buttons(notice, links),
      footer(notice),
    ],
  };
}

/** The same as plain text only, for a Slack that refused the blocks. */
export function formatNoticeAsText(
  notice: Notice,
  { links, mention }: MessageOptions,
): Pick<SlackMessage, 'text'> {
  const called = mentionOf(notice, mention);
  return { text: called + escapeWithin(formatPlainMessage(notice, links), 3_700) };
}

/** Who was woken up once is not woken up by every update. */
function mentionOf({ severity, kind }: Notice, mention: string | null): string {
  const calls = severity === 'critical' && (kind === 'open' || kind === 'reminder');
  return calls && mention !== null ? `${mention} ` : '';
}

function header(notice: Notice): HeaderBlock {
  return {
    type: 'header',
    text: { type: 'plain_text', text: titleOf(notice), emoji: true },
  } satisfies HeaderBlock;
}

const mrkdwn = (text: string): MrkdwnElement => ({ type: 'mrkdwn', text });

const section = (text: string): SectionBlock =>
  ({ type: 'section', text: mrkdwn(text) }) satisfies SectionBlock;

function facts(notice: Notice): SectionBlock {
  const affected = affectedOf(notice);
  const lasted = durationWords(notice.atMs - notice.openedAtMs);
  const fields = [
    ['Severity', notice.severity],
    ['Provider', notice.provider === null ? null : escapeWithin(cleanText(notice.provider), 100)],
    ['Affected', affected],
    ['Since', dateToken(notice.openedAtMs)],
    [notice.kind === 'recovered' ? 'Lasted' : 'For', notice.kind === 'open' ? null : lasted],
  ] as const;
  return {
    type: 'section',
    fields: fields.flatMap(([name, value]) =>
      value === null ? [] : [mrkdwn(`*${name}*\n${value}`)],
    ),
  } satisfies SectionBlock;
}

/** Shown in the reader's own time zone; the text behind the bar is for clients that can't. */
function dateToken(ms: number): string {
  if (Number.isNaN(new Date(ms).getTime())) return instantWords(ms);
  return `<!date^${String(Math.floor(ms / 1000))}^{date_short_pretty} at {time}|${instantWords(ms)}>`;
}

function explanation(notice: Notice, mention: string | null): SectionBlock[] {
  const words = escapeWithin(cleanLines(notice.explanation), 2_000);
  const text = `${mentionOf(notice, mention)}${words}`.trim();
  return text === '' ? [] : [section(text)];
}

function nextStep(notice: Notice): SectionBlock {
  const title = notice.kind === 'recovered' ? 'What proves it' : 'What to do';
  return section(`*${title}*\n${escapeWithin(cleanLines(notice.nextStep), 1_500)}`);
}

/** In code spans, so that nothing in an account is formatted or becomes a link. */
function affectedAccounts(notice: Notice): SectionBlock[] {
  const { accounts, more } = shownAccounts(notice);
  if (accounts.length === 0) return [];
  const code = (text: string) => `\`${escapeWithin(text === '' ? ' ' : text, 120)}\``;
  const lines = accounts.map(({ subject, account }) =>
    account === null ? `• ${code(subject)}` : `• ${code(account)}  ${code(subject)}`,
  );
  const title = notice.kind === 'recovered' ? 'Accounts that were affected' : 'Affected accounts';
  const rest = more > 0 ? [`and ${String(more)} more`] : [];
  return [section([`*${title}*`, ...lines, ...rest].join('\n'))];
}

/** A longer address would not leave room for the rest; configuration allows none. */
const longestUrl = 700;

function buttons(notice: Notice, links: LinksConfig): ActionsBlock[] {
  const elements = linksOf(notice, links)
    .filter(({ url }) => url.length <= longestUrl)
    .map(
      ({ label, url }) =>
        ({ type: 'button', text: { type: 'plain_text', text: label }, url }) as const,
    );
  return elements.length === 0 ? [] : [{ type: 'actions', elements } satisfies ActionsBlock];
}

/** What silences it, ready to be copied, and the number people can speak of. */
function footer(notice: Notice): ContextBlock {
  const provider = notice.provider === null ? '' : ` --provider ${cleanText(notice.provider)}`;
  const silence = `silence${provider} --cause ${cleanText(notice.cause)} --for 2h`;
  const canBeSilenced = causes.some(({ name }) => name === notice.cause);
  const how =
    notice.kind === 'recovered' || !canBeSilenced
      ? ''
      : ` · to silence it: \`${escapeWithin(silence, 200)}\``;
  const incident = escapeWithin(cleanText(notice.incidentId), 80);
  return {
    type: 'context',
    elements: [mrkdwn(`Incident ${incident}${how}`)],
  } satisfies ContextBlock;
}
