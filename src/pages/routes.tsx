import compression from 'compression';
import { Router } from 'express';
import type { Request, Response } from 'express';
import { findAsset } from './assets.js';
import type { PageFrame } from './layout.js';
import { paths } from './links.js';
import { MessagePage } from './message-page.js';
import { OverviewPage } from './overview-page.js';
import type { PageFacts } from './page-facts.js';
import { viewOf } from './page-view.js';
import type { PageView } from './page-view.js';
import { renderPage } from './render-page.js';
import { TokenPage } from './token-page.js';
import { parseTokenQuery } from './token-query.js';
import { TokensPage } from './tokens-page.js';
import type { VNode } from 'preact';

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

/** A page is a moment's state: nobody keeps it. */
const pageHeaders = {
  'Content-Security-Policy': contentSecurityPolicy,
  'X-Content-Type-Options': 'nosniff',
  'Referrer-Policy': 'no-referrer',
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cache-Control': 'no-store',
} as const;

/** Content of one page; the view is of one poll. */
interface ShownPage extends PageFrame {
  readonly content: VNode;
  readonly status?: number;
}

/** The status page: read-only, from memory but for what the ledger and the incidents say. */
export function pageRoutes(facts: PageFacts): Router {
  const router = Router();
  router.use(compression());

  const page = (
    path: string,
    show: (view: PageView, parameters: URLSearchParams) => ShownPage | Promise<ShownPage>,
  ): void => {
    router.get(path, async (request, response) => {
      const view = viewOf(facts);
      send(response, view, await show(view, parametersOf(request)));
    });
  };

  page(paths.overview, async (view) => ({
    title: 'Overview',
    menu: 'overview',
    content: <OverviewPage view={view} incidents={await facts.records.incidents()} />,
  }));
  page(paths.tokens, (view, parameters) => ({
    title: 'Tokens',
    menu: 'tokens',
    content: <TokensPage view={view} query={parseTokenQuery(parameters)} />,
  }));
  page(paths.token, async (view, parameters) => {
    const provider = parameters.get('provider') ?? '';
    const tokenId = parameters.get('id') ?? '';
    const token = view.tokens.get(provider, tokenId);
    if (token === null) return unknownToken;
    const surroundings = await facts.records.token(provider, tokenId);
    return {
      title: token.subject ?? token.tokenId,
      menu: 'tokens',
      content: <TokenPage view={view} token={token} surroundings={surroundings} />,
    };
  });

  router.get('/assets/:hash/:name', (request, response, next) => {
    const asset = findAsset(request.params.hash, request.params.name);
    if (asset === null) {
      next();
      return;
    }
    response
      .set({
        'Content-Type': asset.type,
        'X-Content-Type-Options': 'nosniff',
        'Cache-Control': 'public, max-age=31536000, immutable',
      })
      .send(asset.body);
  });
  return router;
}

const unknownToken: ShownPage = {
  title: 'No such token',
  menu: 'tokens',
  status: 404,
  content: (
    <MessagePage
      title="No such token"
      text="The last poll did not see it: its row may be gone, or its user reconnected and has another one."
    />
  ),
};

function send(response: Response, view: PageView, { content, status, ...frame }: ShownPage): void {
  response
    .status(status ?? 200)
    .set(pageHeaders)
    .type('html')
    .send(renderPage(view, frame, content));
}

function parametersOf({ originalUrl }: Request): URLSearchParams {
  const query = originalUrl.indexOf('?');
  return new URLSearchParams(query === -1 ? '' : originalUrl.slice(query));
}
