import type { CookieOptions, Request, Response } from 'express';
import type { Session, Sessions } from './sessions.js';
import { longestSessionMs } from './sessions.js';

export const cookieName = 'oauth_token_exporter_session';

/** What live.js sends, which asks for a page again once per poll. */
export const liveHeader = 'X-Live-Update';

/** The session that a request belongs to; null: none. */
export function sessionOf(sessions: Sessions, request: Request): Session | null {
  const by = request.get(liveHeader) === undefined ? 'person' : 'script';
  // Another program on this host may have set one of the same name: a browser then sends both.
  for (const id of idsIn(request.get('cookie') ?? '')) {
    const session = sessions.find(id, by);
    if (session !== null) return session;
  }
  return null;
}

function idsIn(cookies: string): string[] {
  return cookies
    .split(';')
    .map((pair) => pair.trim())
    .filter((pair) => pair.startsWith(`${cookieName}=`))
    .map((pair) => pair.slice(cookieName.length + 1));
}

/** Gives the browser its session. */
export function sendSession(request: Request, response: Response, { id }: Session): void {
  response.cookie(cookieName, id, { ...optionsFor(request), maxAge: longestSessionMs });
}

/** Takes it away. */
export function clearSession(request: Request, response: Response): void {
  response.clearCookie(cookieName, optionsFor(request));
}

/**
 * No script reads it and no other site sends it. `Secure` where a proxy says that it was asked by
 * https: whoever only claims that keeps the cookie from himself alone.
 */
function optionsFor(request: Request): CookieOptions {
  const [proto = ''] = (request.get('x-forwarded-proto') ?? '').split(',');
  const secure = request.secure || proto.trim().toLowerCase() === 'https';
  return { httpOnly: true, sameSite: 'strict', path: '/', secure };
}
