import { isIP } from 'node:net';
import type { Config } from '../config/config.js';
import { createAdminAccess } from './admin-access.js';
import type { AdminAccess } from './admin-access.js';

/**
 * The way in for who has the ADMIN_TOKEN. The API and the pages share one, so that wrong tokens count
 * together wherever they are tried.
 */
export interface AdminDoor {
  readonly access: AdminAccess;
  /**
   * Why a request is refused by the name it calls this host; null: it is not. A name of somebody
   * else that leads here makes their page ours in a browser's eyes (DNS rebinding).
   */
  readonly refuseHost: (host: string | undefined) => string | null;
  /** Whether a browser's `Origin` is that of our own pages. */
  readonly isOwnOrigin: (origin: string, host: string | undefined) => boolean;
}

type DoorConfig = Pick<Config, 'adminToken' | 'adminHosts' | 'listen' | 'notify'>;

const longestShown = 100;

/** Opens the door; null: there is none, since no ADMIN_TOKEN is set. */
export function openAdminDoor(
  { adminToken, adminHosts, listen, notify }: DoorConfig,
  monotonicMs: () => number,
): AdminDoor | null {
  if (adminToken === null) return null;
  const { statusPage } = notify.links;
  const publicUrl = statusPage === null ? null : new URL(statusPage);
  const names = new Set(
    ['localhost', listen.host, publicUrl?.hostname ?? '', ...adminHosts].map((name) =>
      name.toLowerCase(),
    ),
  );
  return {
    access: createAdminAccess(adminToken, monotonicMs),
    refuseHost(host) {
      const name = nameIn(host ?? '');
      if (name !== null && (names.has(name) || isAddress(name))) return null;
      const shown = JSON.stringify((host ?? '').slice(0, longestShown));
      return `this exporter does not know itself by the host ${shown}: if you reach it by that name, add it to ADMIN_HOSTS`;
    },
    isOwnOrigin: (origin, host) =>
      origin === publicUrl?.origin || hostOf(origin) === host?.toLowerCase(),
  };
}

/** The name in a `Host` header, without its port; null: it is none. */
function nameIn(host: string): string | null {
  const [, name] = /^(\[[0-9a-f:.]+\]|[^:[\]\s/@]+)(?::\d{1,5})?$/i.exec(host) ?? [];
  return name?.toLowerCase() ?? null;
}

/** Nobody else's name: an address can't be made to lead elsewhere. */
function isAddress(name: string): boolean {
  return isIP(name.replace(/^\[(.*)\]$/, '$1')) !== 0;
}

/** `http://host:port` of an origin without its scheme; null: it is no such origin, `null` say. */
function hostOf(origin: string): string | null {
  return /^https?:\/\/([^/]+)$/i.exec(origin)?.[1]?.toLowerCase() ?? null;
}
