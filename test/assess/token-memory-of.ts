import { firstSight } from '../../src/store/token-memory.js';
import type { TokenMemory } from '../../src/store/token-memory.js';

/** The memory of a token that was seen once and never changed, but for what `facts` says. */
export function tokenMemoryOf(facts: Partial<TokenMemory> = {}): TokenMemory {
  return { ...firstSight({ id: 't', active: true, expiresAtMs: null }, 0), ...facts };
}
