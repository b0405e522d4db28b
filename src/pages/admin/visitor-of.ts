import type { Request } from 'express';
import { adminPaths, paths, withParameters } from '../links.js';
import type { Visitor } from '../visitor.js';
import type { AdminFacts } from './page-actions.js';
import { liveHeader, sessionOf } from './session-cookie.js';

/** Tells who looks. A page that a person opens hears what came of their last action. */
export function visitorOf(admin: AdminFacts | null, request: Request): Visitor {
  if (admin === null) return { kind: 'reader', logInHref: null };
  const { sessions } = admin;
  const session = sessionOf(sessions, request);
  if (session === null) {
    const next = localPath(request.originalUrl);
    const isOverview = next === paths.overview;
    const logInHref = withParameters(adminPaths.login, { next: isOverview ? null : next });
    return { kind: 'reader', logInHref };
  }
  const isOpened = request.method === 'GET' && request.get(liveHeader) === undefined;
  return {
    kind: 'admin',
    formToken: session.formToken,
    flash: isOpened ? sessions.hear(session.id) : null,
  };
}

const longestPath = 2_000;
const ownPaths: ReadonlySet<string> = new Set(Object.values(paths));

/** The address of a page of ours in `text`, else the overview: nobody is led to another site. */
export function localPath(text: string): string {
  const base = 'http://pages.invalid';
  const url = text.length <= longestPath && URL.canParse(text, base) ? new URL(text, base) : null;
  const isOurs = url?.origin === base && ownPaths.has(url.pathname);
  return isOurs ? `${url.pathname}${url.search}` : paths.overview;
}
