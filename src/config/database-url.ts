import { parse } from 'pg-connection-string';

/**
 * Whether the driver can read the URL, sockets included: `postgresql://user@/db?host=/var/run`.
 * What its parameters ask for, TLS above all, is judged where the connection is made.
 */
export function isDatabaseUrl(url: string): boolean {
  if (!/^postgres(ql)?:\/\//i.test(url)) return false;
  try {
    // Without the parameters, for `parse` would open the certificate files that they name.
    parse(url.replace(/\?.*$/s, ''));
    return true;
  } catch {
    return false;
  }
}
