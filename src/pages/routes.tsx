import { createHash } from 'node:crypto';
import compression from 'compression';
import { Router } from 'express';
import type { Request, Response } from 'express';
import type { VNode } from 'preact';
import { reportHtml } from '../watch/report-html.js';
import { runInSlices } from '../run-in-slices.js';
import { findAsset } from './assets.js';
import { CalendarPage } from './calendar-page.js';
import { IncidentsPage } from './incidents-page.js';
import { JobsPage } from './jobs-page.js';
import type { PageFrame } from './layout.js';
import { paths } from './links.js';
import { nameOf } from './listed-token.js';
import { MessagePage } from './message-page.js';
import { OverviewPage } from './overview-page.js';
import type { PageFacts } from './page-facts.js';
import { viewOf } from './page-view.js';
import type { PageView } from './page-view.js';
import { findReconnects, reconnectCsv } from './reconnect-entries.js';
import { ReconnectPage } from './reconnect-page.js';
import { renderPage } from './render-page.js';
import { SourcesPage } from './sources-page.js';
import { TokenPage } from './token-page.js';
import { parseTokenQuery } from './token-query.js';
import { TokensPage } from './tokens-page.js';
import { WatchPage } from './watch-page.js';

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
      const view = await viewOf(facts);
      send(response, view, await show(view, parametersOf(request)));
    });
  };

  page(paths.overview, async (view) => ({
    title: 'Overview',
    menu: 'overview',
    content: <OverviewPage view={view} incidents={await facts.records.incidents()} />,
  }));
  page(paths.tokens, async (view, parameters) => {
    const query = parseTokenQuery(parameters);
    const found = await runInSlices(view.tokens.find(query));
    return {
      title: 'Tokens',
      menu: 'tokens',
      content: <TokensPage view={view} query={query} found={found} />,
    };
  });
  page(paths.token, async (view, parameters) => {
    const provider = parameters.get('provider') ?? '';
    const tokenId = parameters.get('id') ?? '';
    const token = await runInSlices(view.tokens.get(provider, tokenId));
    if (token === null) return unknownToken;
    const surroundings = await facts.records.token(provider, tokenId);
    return {
      title: nameOf(token),
      menu: 'tokens',
      content: <TokenPage view={view} token={token} surroundings={surroundings} />,
    };
  });

  page(paths.reconnect, (view, parameters) => ({
    title: 'Who must reconnect',
    menu: 'reconnect',
    content: <ReconnectPage view={view} all={parameters.has('all')} />,
  }));
  page(paths.incidents, async (view) => ({
    title: 'Incidents',
    menu: 'incidents',
    content: <IncidentsPage view={view} records={await facts.records.incidents()} />,
  }));
  page(paths.calendar, (view) => ({
    title: 'Expiry calendar',
    menu: 'calendar',
    content: <CalendarPage view={view} />,
  }));
  page(paths.jobs, (view) => ({
    title: 'Syncs and jobs',
    menu: 'jobs',
    content: <JobsPage view={view} />,
  }));
  page(paths.sources, (view) => ({
    title: 'What can be seen',
    menu: 'sources',
    content: <SourcesPage view={view} />,
  }));
  page(paths.watch, async (view) => ({
    title: 'Stability watch',
    menu: 'watch',
    content: <WatchPage view={view} watches={await facts.records.watches()} />,
  }));
  router.get(paths.reconnectCsv, (request, response) => {
    const { assessment } = facts.sights().last;
    const all = parametersOf(request).has('all');
    response
      .set({ ...pageHeaders, 'Content-Disposition': 'attachment; filename="reconnect.csv"' })
      .type('text/csv')
      .send(reconnectCsv(findReconnects(assessment, facts.config.providers, all)));
  });
  router.get(`${paths.watch}/:id/report`, async (request, response) => {
    const view = await viewOf(facts);
    const id = Number(request.params.id);
    const isId = Number.isInteger(id) && id >= 0 && id < 2 ** 31;
    const report = isId ? await facts.records.watchReport(id, view.nowMs) : noReport;
    if (report.ok && report.value !== null) sendReport(response, reportHtml(report.value));
    else send(response, view, unreadableReport(report.ok ? null : report.problem));
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

const noReport = { ok: true, value: null } as const;

function unreadableReport(problem: string | null): ShownPage {
  return {
    title: 'No such report',
    menu: 'watch',
    status: problem === null ? 404 : 503,
    content: (
      <MessagePage
        title={problem === null ? 'No such watch' : 'The report can’t be read now'}
        text={problem ?? 'There is no watch of this number.'}
      />
    ),
  };
}

/** The report is a document of its own, with its style in it: exactly that style is let in. */
function sendReport(response: Response, html: string): void {
  const styles = [...html.matchAll(/<style>([^]*?)<\/style>/g)].map(([, style = '']) => {
    const hash = createHash('sha256').update(style).digest('base64');
    return `'sha256-${hash}'`;
  });
  const policy = `default-src 'none'; style-src ${styles.join(' ')}; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`;
  response
    .set({ ...pageHeaders, 'Content-Security-Policy': policy })
    .type('html')
    .send(html);
}

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
