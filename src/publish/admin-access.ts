import { matcherOf } from './same-secret.js';

/** What comes of a token that somebody presents. */
export type AdminTry =
  | { readonly kind: 'granted' }
  | { readonly kind: 'refused' }
  /** Too many wrong ones came from there: not even looked at. */
  | { readonly kind: 'barred'; readonly forMs: number };

/** Who may change something over HTTP: whoever has the ADMIN_TOKEN. */
export interface AdminAccess {
  /** Looks at a token from a header or from a form, presented from this network address. */
  readonly present: (address: string, token: string) => AdminTry;
}

/** So many wrong tokens from one address in this time, and it is barred until the time is over. */
export const mostWrongTries = 10;
export const wrongTriesMs = 60_000;

/** More addresses are not remembered; the one seen first is forgotten. */
const mostAddresses = 1_000;

interface WrongTries {
  readonly sinceMs: number;
  readonly count: number;
}

/**
 * Checks the ADMIN_TOKEN, and bars who guesses. Behind a proxy all callers have its address, and are
 * barred together. Guesses from many addresses are not held back: the token's length is the defence.
 */
export function createAdminAccess(adminToken: string, monotonicMs: () => number): AdminAccess {
  const matches = matcherOf(adminToken);
  const wrong = new Map<string, WrongTries>();

  const triesOf = (address: string, nowMs: number): WrongTries => {
    const known = wrong.get(address);
    return known !== undefined && nowMs - known.sinceMs < wrongTriesMs
      ? known
      : { sinceMs: nowMs, count: 0 };
  };

  return {
    present(address, token) {
      const nowMs = monotonicMs();
      const { sinceMs, count } = triesOf(address, nowMs);
      if (count >= mostWrongTries) return { kind: 'barred', forMs: sinceMs + wrongTriesMs - nowMs };
      if (matches(token)) return { kind: 'granted' };
      wrong.delete(address);
      wrong.set(address, { sinceMs, count: count + 1 });
      const [first] = wrong.keys();
      if (wrong.size > mostAddresses && first !== undefined) wrong.delete(first);
      return { kind: 'refused' };
    },
  };
}
