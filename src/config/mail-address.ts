/** An address of mail with the name beside it, as a `From` header has them. */
export interface Sender {
  /** Empty: none. */
  readonly name: string;
  readonly address: string;
}

/** Longest address that SMTP carries (RFC 5321 section 4.5.3.1.3, less the angle brackets). */
const longestAddress = 254;

const addressPattern =
  /^[\p{L}\p{N}.!#$%&'*+/=?^_`{|}~-]{1,64}@[\p{L}\p{N}](?:[\p{L}\p{N}.-]*[\p{L}\p{N}])?$/u;

/**
 * Reads one plain address; null for anything else. Strict on purpose: no quoted local parts, no
 * comments, no lists, no control characters, so that what a table holds can never add a recipient
 * or a header line.
 */
export function parseAddress(text: string): string | null {
  const address = text.trim();
  return address.length <= longestAddress && addressPattern.test(address) ? address : null;
}

/** Reads `address` or `Name <address>`. */
export function parseSender(text: string): Sender | null {
  const [, name, bracketed] = /^([^<>"\p{Cc}]*)<([^<>]+)>$/u.exec(text.trim()) ?? [];
  const address = parseAddress(bracketed ?? text);
  return address === null ? null : { name: (name ?? '').trim(), address };
}

/** Whether text is the URL of a mail server as SMTP_URL may name one. */
export function isSmtpUrl(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const { protocol, hostname, search, pathname } = new URL(text);
  const isPlain = search === '' && (pathname === '' || pathname === '/');
  return /^smtps?:$/.test(protocol) && hostname !== '' && isPlain && isDecodable(text);
}

function isDecodable(text: string): boolean {
  try {
    const { username, password } = new URL(text);
    decodeURIComponent(username + password);
    return true;
  } catch {
    return false;
  }
}
