import { isIPv6 } from 'node:net';
import type { ListenAddress } from './config.js';

/**
 * Reads `host:port`, `[ipv6]:port` or `:port`, which means every interface; null when it is none of
 * them. Port 0 lets the system choose.
 */
export function parseListenAddress(text: string): ListenAddress | null {
  const match = /^(?:\[(?<ipv6>[^\]]+)\]|(?<name>[\w.-]*)):(?<port>\d{1,5})$/.exec(text);
  const { ipv6, name = '', port } = match?.groups ?? {};
  if (port === undefined || Number(port) > 65_535) return null;
  if (ipv6 !== undefined && !isIPv6(ipv6)) return null;
  return { host: ipv6 ?? name, port: Number(port) };
}
