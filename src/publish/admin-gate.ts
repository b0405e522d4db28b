import type { RequestHandler } from 'express';
import type { AdminDoor } from './admin-door.js';

/**
 * Lets through who presents the ADMIN_TOKEN as bearer. Without one configured (null) the route does
 * not exist. A page of somebody else in a browser is refused, whatever it presents.
 */
export function adminGate(door: AdminDoor | null): RequestHandler {
  return (request, response, next) => {
    response.set({ 'Cache-Control': 'no-store', 'X-Content-Type-Options': 'nosniff' });
    const refuse = (status: number, error: string) => response.status(status).json({ error });
    if (door === null) {
      refuse(404, 'not found: set ADMIN_TOKEN for the exporter to control it over HTTP');
      return;
    }
    const host = request.get('host');
    const foreign = door.refuseHost(host);
    if (foreign !== null) {
      refuse(403, foreign);
      return;
    }
    const origin = request.get('origin');
    if (origin !== undefined && !door.isOwnOrigin(origin, host)) {
      refuse(403, 'this is not for the pages of other sites: ask without an Origin');
      return;
    }
    const [, token] = /^Bearer +(.+)$/i.exec(request.get('authorization') ?? '') ?? [];
    if (token === undefined) {
      response.set('WWW-Authenticate', 'Bearer');
      refuse(401, 'send the ADMIN_TOKEN as bearer token');
      return;
    }
    const tried = door.access.present(request.socket.remoteAddress ?? '', token);
    switch (tried.kind) {
      case 'granted':
        next();
        return;
      case 'refused':
        response.set('WWW-Authenticate', 'Bearer error="invalid_token"');
        refuse(401, 'that is not the ADMIN_TOKEN');
        return;
      case 'barred': {
        const seconds = String(Math.ceil(tried.forMs / 1000));
        response.set('Retry-After', seconds);
        refuse(429, `too many wrong tokens from this address: try again in ${seconds} s`);
      }
    }
  };
}
