/**
 * Says why an endpoint must not be sent secrets, or null when it may: https, or http that stays
 * on this machine (RFC 6749 section 3.2). The answer never quotes the URL, which may hold some.
 */
export function endpointProblem(url: string): string | null {
  if (!URL.canParse(url)) return 'is not a URL';
  const { protocol, hostname, username, password, hash } = new URL(url);
  if (protocol !== 'https:' && !(protocol === 'http:' && isLoopback(hostname))) {
    return 'must be https, or http on loopback: it is sent secrets';
  }
  if (username !== '' || password !== '') return 'must not hold a user name or a password';
  return hash === '' ? null : 'must not have a fragment';
}

/** `URL` has already written every form of an address in its canonical one. */
function isLoopback(hostname: string): boolean {
  return hostname === 'localhost' || hostname === '[::1]' || /^127\.\d+\.\d+\.\d+$/.test(hostname);
}
