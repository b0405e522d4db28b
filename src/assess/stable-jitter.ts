const longestJitterMs = 60_000;

/**
 * How much earlier than its lead time a token is refreshed: 0 up to a tenth of its lifetime, at
 * most a minute. Always the same for one token.
 *
 * Tokens that expire in the same second must not be refreshed in the same second. Early, because
 * late would eat into the time left; stable, because the due time is shown to people.
 */
export function stableJitterMs(provider: string, tokenId: string, lifetimeMs: number): number {
  const fraction = hash32(`${provider}\0${tokenId}`) / 2 ** 32;
  return fraction * Math.min(lifetimeMs / 10, longestJitterMs);
}

/**
 * FNV-1a over UTF-16 code units, finished with MurmurHash3's mixer, without which ids that differ
 * only in their last digit would lie close together. Spreads; protects nothing.
 */
function hash32(text: string): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < text.length; index += 1) {
    hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193);
  }
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}
