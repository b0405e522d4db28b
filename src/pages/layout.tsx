import type { ComponentChildren } from 'preact';
import { ActionForm } from './admin/action-form.js';
import { assetHref } from './assets.js';
import { adminPaths, paths } from './links.js';
import type { PageView } from './page-view.js';
import { visibleText } from './visible-text.js';

/** What a page is, beside its content. */
export interface PageFrame {
  readonly title: string;
  /** Which entry of the menu it belongs to; null: none. */
  readonly menu: keyof typeof paths | null;
}

const menu = [
  ['overview', 'Overview'],
  ['tokens', 'Tokens'],
  ['reconnect', 'Reconnect'],
  ['incidents', 'Incidents'],
  ['calendar', 'Calendar'],
  ['jobs', 'Syncs & jobs'],
  ['watch', 'Watch'],
  ['sources', 'Sources'],
] as const satisfies readonly (readonly [keyof typeof paths, string])[];

/** A whole document: what stands around every page. Nothing in it comes from another host. */
export function Layout({
  frame,
  view,
  children,
}: {
  readonly frame: PageFrame;
  readonly view: PageView;
  readonly children: ComponentChildren;
}) {
  const { facts } = view;
  return (
    <html lang="en" data-refresh-ms={facts.config.pollIntervalMs}>
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        <meta name="robots" content="noindex" />
        <meta name="description" content="State of the OAuth tokens kept in a Postgres table." />
        <title>{`${visibleText(frame.title, 60)} · oauth-token-exporter`}</title>
        <link rel="icon" href={assetHref('icon.svg')} type="image/svg+xml" />
        <link rel="stylesheet" href={assetHref('style.css')} />
        <script type="module" src={assetHref('live.js')} />
      </head>
      <body>
        <a class="skip" href="#main">
          To the content
        </a>
        <header class="top">
          <p class="brand">
            <a href={paths.overview}>oauth-token-exporter</a>
            {facts.demo && <span class="demo">demo, invented data</span>}
          </p>
          <nav aria-label="Pages">
            <ul>
              {menu.map(([name, title]) => (
                <li key={name}>
                  <a href={paths[name]} {...(name === frame.menu && { 'aria-current': 'page' })}>
                    {title}
                  </a>
                </li>
              ))}
            </ul>
          </nav>
          <Entrance view={view} />
        </header>
        <FlashMessage view={view} />
        <main id="main" tabIndex={-1}>
          <Freshness view={view} />
          {children}
        </main>
        <footer>
          <p>
            oauth-token-exporter {facts.version} · <a href="/metrics">metrics</a> ·{' '}
            <a href="/-/healthy">health</a> · <a href="/-/ready">readiness</a>
          </p>
        </footer>
      </body>
    </html>
  );
}

/** Who is logged in, or where to; nothing where nobody can. */
function Entrance({ view: { visitor } }: { readonly view: PageView }) {
  if (visitor.kind === 'admin') {
    return (
      <div class="entrance">
        <span>Admin</span>
        <ActionForm action={adminPaths.logout} formToken={visitor.formToken}>
          <button type="submit" class="plain">
            Log out
          </button>
        </ActionForm>
      </div>
    );
  }
  if (visitor.logInHref === null) return null;
  return (
    <p class="entrance">
      <a href={visitor.logInHref}>Log in</a>
    </p>
  );
}

/** Outside of what a live update replaces: it stays until another page is opened. */
function FlashMessage({ view: { visitor } }: { readonly view: PageView }) {
  if (visitor.kind === 'reader' || visitor.flash === null) return null;
  const { tone, text } = visitor.flash;
  return (
    <p class={`flash ${tone}`} role={tone === 'bad' ? 'alert' : 'status'}>
      {visibleText(text, 1_000)}
    </p>
  );
}

const noPollYet = 'no poll has reached the database';

/** How old what is shown is; loud when it is too old to trust. */
function Freshness({ view: { nowMs, readiness } }: { readonly view: PageView }) {
  if (nowMs === null || !readiness.ready) {
    return (
      <p class="stale" role="alert">
        <b>{nowMs === null ? 'Nothing is known yet: ' : 'Not up to date: '}</b>
        {readiness.ready ? noPollYet : visibleText(readiness.reason, 600)}
        {nowMs !== null && (
          <>
            {'. What is below was seen at '}
            <ExactOnly ms={nowMs} />.
          </>
        )}
      </p>
    );
  }
  return (
    <p class="fresh" id="freshness">
      As of <ExactOnly ms={nowMs} />, by the clock of the database
    </p>
  );
}

function ExactOnly({ ms }: { readonly ms: number }) {
  const iso = new Date(ms).toISOString();
  return <time dateTime={iso}>{iso.replace('T', ' ').replace(/\.\d+Z$/, ' UTC')}</time>;
}
