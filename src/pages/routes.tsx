import { createHash } from 'node:crypto';
import compression from 'compression';
import { Router } from 'express';
import type { Request, Response } from 'express';
import { reportHtml } from '../watch/report-html.js';
import { runInSlices } from '../run-in-slices.js';
import { adminRoutes } from './admin/admin-routes.js';
import { visitorOf } from './admin/visitor-of.js';
import { findAsset } from './assets.js';
import { CalendarPage } from './calendar-page.js';
import { GoneTokenPage } from './gone-token-page.js';
import { IncidentsPage } from './incidents-page.js';
import { JobsPage } from './jobs-page.js';
import { adminPaths, paths } from './links.js';
import { nameOf } from './listed-token.js';
import { MessagePage } from './message-page.js';
import { OverviewPage } from './overview-page.js';
import type { PageFacts } from './page-facts.js';
import { isPolled, viewOf } from './page-view.js';
import type { PageView, PolledView } from './page-view.js';
import { reconnectCsv } from './reconnect-entries.js';
import { ReconnectPage } from './reconnect-page.js';
import { pageHeaders, parametersOf, sendPage } from './send-page.js';
import type { ShownPage } from './send-page.js';
import { SourcesPage } from './sources-page.js';
import { TokenPage } from './token-page.js';
import { parseTokenQuery } from './token-query.js';
import { TokensPage } from './tokens-page.js';
import { accountMode } from './visitor.js';
import { WatchPage } from './watch-page.js';

/**
 * The status page, from memory but for what the ledger and the incidents say. Read-only, but for what
 * an admin may do where an ADMIN_TOKEN is set.
 */
export function pageRoutes(facts: PageFacts): Router {
  const router = Router();
  router.use(compression());
  const { admin } = facts;
  if (admin === null) router.all(Object.values(adminPaths), notFound);
  else router.use(adminRoutes(facts, admin));
  const viewFor = (request: Request) => viewOf(facts, visitorOf(admin, request));

  /** Who has just silenced something sees it. */
  const incidentsFor = ({ visitor }: PageView) => facts.records.incidents(visitor.kind === 'admin');

  const page = (
    path: string,
    show: (view: PageView, parameters: URLSearchParams) => ShownPage | Promise<ShownPage>,
  ): void => {
    router.get(path, async (request, response) => {
      const view = await viewFor(request);
      sendPage(response, view, await show(view, parametersOf(request)));
    });
  };

  /** What only polls bring: before one has reached the database there is nothing, which is not "none". */
  const polledPage = (
    path: string,
    menu: keyof typeof paths,
    show: (view: PolledView, parameters: URLSearchParams) => ShownPage | Promise<ShownPage>,
  ): void => {
    page(path, (view, parameters) =>
      isPolled(view) ? show(view, parameters) : { ...nothingYet, menu },
    );
  };

  page(paths.overview, async (view) => ({
    title: 'Overview',
    menu: 'overview',
    content: <OverviewPage view={view} incidents={await incidentsFor(view)} />,
  }));
  polledPage(paths.tokens, 'tokens', async (view, parameters) => {
    const query = parseTokenQuery(parameters);
    const found = await runInSlices(view.tokens.find(query));
    return {
      title: 'Tokens',
      menu: 'tokens',
      content: <TokensPage view={view} query={query} found={found} />,
    };
  });
  polledPage(paths.token, 'tokens', async (view, parameters) => {
    const provider = parameters.get('provider') ?? '';
    const tokenId = parameters.get('id') ?? '';
    const token = await runInSlices(view.tokens.get(provider, tokenId));
    if (token === null) {
      const gone = await facts.records.goneToken(provider, tokenId);
      if (!gone.ok || gone.value === null) return unknownToken;
      const known = { provider, tokenId, gone: gone.value, nowMs: view.nowMs };
      return { title: tokenId, menu: 'tokens', content: <GoneTokenPage {...known} /> };
    }
    const surroundings = await facts.records.token(provider, tokenId);
    return {
      title: nameOf(token),
      menu: 'tokens',
      content: <TokenPage view={view} token={token} surroundings={surroundings} />,
    };
  });

  polledPage(paths.reconnect, 'reconnect', async (view, parameters) => {
    const all = parameters.has('all');
    const reconnects = await view.reconnects(all);
    return {
      title: 'Who must reconnect',
      menu: 'reconnect',
      content: <ReconnectPage view={view} reconnects={reconnects} all={all} />,
    };
  });
  page(paths.incidents, async (view) => ({
    title: 'Incidents',
    menu: 'incidents',
    content: <IncidentsPage view={view} records={await incidentsFor(view)} />,
  }));
  polledPage(paths.calendar, 'calendar', (view) => ({
    title: 'Expiry calendar',
    menu: 'calendar',
    content: <CalendarPage view={view} />,
  }));
  polledPage(paths.jobs, 'jobs', (view) => ({
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
  router.get(paths.reconnectCsv, async (request, response) => {
    const view = await viewFor(request);
    if (!isPolled(view)) {
      response
        .status(503)
        .type('text')
        .send('nothing is known yet: no poll has reached the database\n');
      return;
    }
    const { reconnects, visitor } = view;
    const found = await reconnects(parametersOf(request).has('all'));
    const list = await runInSlices(found.all());
    response
      .set({ ...pageHeaders, 'Content-Disposition': 'attachment; filename="reconnect.csv"' })
      .type('text/csv')
      .send(reconnectCsv(list, accountMode(visitor)));
  });
  router.get(`${paths.watch}/:id/report`, async (request, response) => {
    const view = await viewFor(request);
    const id = Number(request.params.id);
    const isId = Number.isInteger(id) && id >= 0 && id < 2 ** 31;
    const report = isId ? await facts.records.watchReport(id, view.nowMs) : noReport;
    if (report.ok && report.value !== null) sendReport(response, reportHtml(report.value));
    else sendPage(response, view, unreadableReport(report.ok ? null : report.problem));
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

function notFound(_: Request, response: Response): void {
  response.status(404).type('text').send('not found; see /\n');
}

const nothingYet = {
  title: 'Nothing is known yet',
  content: <MessagePage title="Nothing is known yet" text="No poll has reached the database." />,
};

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
