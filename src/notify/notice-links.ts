import type { LinksConfig } from '../config/notify-config.js';
import type { Notice } from './notice.js';
import { cleanText } from './slack-text.js';

export interface NoticeLink {
  readonly label: string;
  readonly url: string;
}

/**
 * Where a notice leads, the most useful first. The addresses are absolute by configuration; what
 * of a notice goes into one is encoded.
 */
export function linksOf(notice: Notice, links: LinksConfig): readonly NoticeLink[] {
  const reconnect =
    notice.provider === null || notice.kind === 'recovered' ? null : links.reconnect;
  const found = [
    ['Status', links.statusPage],
    ['Runbook', withHeading(links.runbook, notice.runbook)],
    ['Dashboard', links.dashboard],
    [
      'Reconnect page',
      reconnect?.replaceAll('{{provider}}', encodeURIComponent(cleanText(notice.provider ?? ''))),
    ],
  ] as const;
  return found.flatMap(([label, url]) => (url == null ? [] : [{ label, url }]));
}

function withHeading(runbook: string, heading: string): string {
  const url = new URL(runbook);
  url.hash = heading;
  return url.href;
}
