import type { MailConfig } from '../config/notify-config.js';
import { parseAddress, parseSender } from '../config/mail-address.js';
import { fillTemplate } from '../config/mail-template.js';
import type { MailPlaceholder } from '../config/mail-template.js';

/** Whom a mail is for, as the tables say: hostile until it is composed. */
export interface MailFacts {
  /** Parsed already. */
  readonly address: string;
  readonly name: string | null;
  readonly account: string | null;
  readonly providers: readonly string[];
}

/** A mail as it is handed over: each address by itself, never as a header's text. */
export interface MailMessage {
  readonly from: { readonly name: string; readonly address: string };
  readonly to: { readonly name: string; readonly address: string };
  /** What the server is told, whatever the headers say. */
  readonly envelope: { readonly from: string; readonly to: readonly string[] };
  readonly subject: string;
  readonly text: string;
  readonly html: string;
  readonly headers: Readonly<Record<string, string>>;
}

/**
 * Composes the mail that asks one person to authorize again.
 *
 * What people call themselves goes into the text only, and only where it looks like a name: in a mail
 * that asks for a click, a first name that holds an address of the web would be a trap.
 */
export function composeMail(config: MailConfig, facts: MailFacts): MailMessage {
  const sender = parseSender(config.from);
  if (sender === null) throw new TypeError('the sender of mails was not checked');
  const values: Record<MailPlaceholder, string> = {
    name: safeName(facts.name) ?? 'there',
    account: parseAddress(facts.account ?? '') ?? '',
    provider: facts.providers.map(capitalised).join(' and '),
    reconnect_url: config.reconnectUrl,
  };
  const plain = (value: string) => value;
  const text = fillTemplate(config.text, values, plain);
  return {
    from: sender,
    to: { name: '', address: facts.address },
    envelope: { from: sender.address, to: [facts.address] },
    subject: fillTemplate(config.subject, values, plain).replaceAll(/\p{Cc}+/gu, ' '),
    text,
    html:
      config.html === null
        ? htmlOf(text, config.reconnectUrl)
        : fillTemplate(config.html, values, escapeHtml),
    // RFC 3834: answering machines keep silent.
    headers: { 'Auto-Submitted': 'auto-generated' },
  };
}

/** A name as people have them; null for anything that could pass for more. */
export function safeName(name: string | null): string | null {
  const text = (name ?? '').trim();
  return /^[\p{L}\p{M}\p{N} .'’-]{1,60}$/u.test(text) && !/\.[^ ]/.test(text) ? text : null;
}

function capitalised(name: string): string {
  return name.charAt(0).toUpperCase() + name.slice(1);
}

/** Paragraphs of the text; of all that is in it only the reconnect URL becomes a link. */
function htmlOf(text: string, reconnectUrl: string): string {
  const url = escapeHtml(reconnectUrl);
  const paragraphs = text.trim().split(/\n{2,}/);
  const body = paragraphs
    .map((each) => escapeHtml(each).replaceAll('\n', '<br>\n'))
    .map((each) => `<p>${each.replaceAll(url, `<a href="${url}">${url}</a>`)}</p>`);
  return `<!doctype html>\n<html><body>\n${body.join('\n')}\n</body></html>\n`;
}

function escapeHtml(text: string): string {
  return text.replaceAll(/[&<>"']/g, (character) => `&#${String(character.charCodeAt(0))};`);
}
