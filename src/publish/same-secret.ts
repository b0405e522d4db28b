import { createHash, timingSafeEqual } from 'node:crypto';

/**
 * Compares what somebody presents with a secret, in constant time: both are hashed first, so that
 * they are of equal length whatever was sent.
 */
export function matcherOf(secret: string): (presented: string) => boolean {
  const expected = digest(secret);
  return (presented) => timingSafeEqual(digest(presented), expected);
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
