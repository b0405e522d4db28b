import { randomBytes } from 'node:crypto';
import { matcherOf } from '../../publish/same-secret.js';
import type { Flash } from '../visitor.js';

/** A session of somebody who logged in. */
export interface Session {
  readonly id: string;
  /** Another secret, which its forms send back: a page elsewhere can't know it. */
  readonly formToken: string;
  readonly ownsFormToken: (presented: string) => boolean;
}

/**
 * Who is logged in, in the memory of this process: logging out ends a session for good, and so does
 * a restart. Another replica does not know it.
 */
export interface Sessions {
  readonly begin: () => Session;
  /** null: there is no such session, or it is over. What a script asks keeps none alive. */
  readonly find: (id: string, by: 'person' | 'script') => Session | null;
  readonly end: (id: string) => void;
  /** Keeps what came of an action for the next page of this session. */
  readonly tell: (id: string, flash: Flash) => void;
  /** What was kept, once. */
  readonly hear: (id: string) => Flash | null;
}

export const idleSessionMs = 30 * 60_000;
export const longestSessionMs = 8 * 3_600_000;
/** More are not kept; the one that began first ends. */
export const mostSessions = 100;

interface Kept {
  readonly session: Session;
  readonly beganMs: number;
  seenMs: number;
  flash: Flash | null;
}

export function createSessions(monotonicMs: () => number): Sessions {
  const sessions = new Map<string, Kept>();
  const livingOne = (id: string): Kept | null => {
    const kept = sessions.get(id);
    if (kept === undefined) return null;
    const nowMs = monotonicMs();
    const isOver = nowMs - kept.seenMs >= idleSessionMs || nowMs - kept.beganMs >= longestSessionMs;
    if (isOver) sessions.delete(id);
    return isOver ? null : kept;
  };

  return {
    begin() {
      const formToken = secret();
      const session = { id: secret(), formToken, ownsFormToken: matcherOf(formToken) };
      const nowMs = monotonicMs();
      sessions.set(session.id, { session, beganMs: nowMs, seenMs: nowMs, flash: null });
      const [first] = sessions.keys();
      if (sessions.size > mostSessions && first !== undefined) sessions.delete(first);
      return session;
    },
    find(id, by) {
      const kept = livingOne(id);
      if (kept !== null && by === 'person') kept.seenMs = monotonicMs();
      return kept?.session ?? null;
    },
    end(id) {
      sessions.delete(id);
    },
    tell(id, flash) {
      const kept = livingOne(id);
      if (kept !== null) kept.flash = flash;
    },
    hear(id) {
      const kept = livingOne(id);
      const flash = kept?.flash ?? null;
      if (kept !== null) kept.flash = null;
      return flash;
    },
  };
}

function secret(): string {
  return randomBytes(32).toString('base64url');
}
