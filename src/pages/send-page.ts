import type { Request, Response } from 'express';
import type { VNode } from 'preact';
import type { PageFrame } from './layout.js';
import type { PageView } from './page-view.js';
import { renderPage } from './render-page.js';

/** Pages load what this host serves, and nothing runs or loads that is written into them. */
const contentSecurityPolicy = [
  "default-src 'none'",
  "style-src 'self'",
  "script-src 'self'",
  "img-src 'self'",
  "connect-src 'self'",
  "form-action 'self'",
  "base-uri 'none'",
  "frame-ancestors 'none'",
].join('; ');

/**
 * A page is a moment's state: nobody keeps it. Our own forms must tell their origin, which a browser
 * hides from a page without any referrer.
 */
export const pageHeaders = {
  'Content-Security-Policy': contentSecurityPolicy,
  'X-Content-Type-Options': 'nosniff',
  'Referrer-Policy': 'same-origin',
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cache-Control': 'no-store',
} as const;

/** Content of one page; the view is of one poll. */
export interface ShownPage extends PageFrame {
  readonly content: VNode;
  readonly status?: number;
}

/** Sends a page. */
export function sendPage(
  response: Response,
  view: PageView,
  { content, status, ...frame }: ShownPage,
): void {
  response
    .status(status ?? 200)
    .set(pageHeaders)
    .type('html')
    .send(renderPage(view, frame, content));
}

/** What an address asks for. */
export function parametersOf({ originalUrl }: Request): URLSearchParams {
  const query = originalUrl.indexOf('?');
  return new URLSearchParams(query === -1 ? '' : originalUrl.slice(query));
}
