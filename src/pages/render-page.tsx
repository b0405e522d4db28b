import type { ComponentChildren } from 'preact';
import { renderToString } from 'preact-render-to-string';
import { Layout } from './layout.js';
import type { PageFrame } from './layout.js';
import type { PageView } from './page-view.js';

/** A whole page as HTML. Whatever comes from data is escaped by Preact, nothing is put in as HTML. */
export function renderPage(view: PageView, frame: PageFrame, content: ComponentChildren): string {
  const document = (
    <Layout frame={frame} view={view}>
      {content}
    </Layout>
  );
  return `<!doctype html>${renderToString(document)}\n`;
}
