import type { BacklogSubject } from '../observe/backlog.js';

/** Why nobody is asked to catch up for a subject: the closed list. */
export type BacklogLeft =
  /** No token of theirs is active: the application can't sync them. */
  | 'no_active_token'
  /** It was asked, successfully, and nothing newer is missing. */
  | 'asked_before'
  /** Beyond the limit of this run. */
  | 'over_limit';

/** What is to be done about one subject of a backlog. */
export type BacklogChoice = { readonly subject: BacklogSubject } & (
  | { readonly ask: true; readonly tokenIds: readonly string[] }
  | { readonly ask: false; readonly because: BacklogLeft }
);

/**
 * Chooses for whom to ask, in the order given, at most `limit` subjects.
 *
 * Who was asked before is left alone unless something newer is missing: a second run does the rest
 * of the first. `askedAtMs` holds when each token was asked; empty asks everybody.
 */
export function chooseBacklog(
  subjects: readonly BacklogSubject[],
  askedAtMs: ReadonlyMap<string, number>,
  limit: number | null,
  perToken: boolean,
): BacklogChoice[] {
  let chosen = 0;
  return subjects.map((subject): BacklogChoice => {
    const left = (because: BacklogLeft): BacklogChoice => ({ subject, ask: false, because });
    const active = subject.tokens.filter((token) => token.active).map(({ id }) => id);
    // Rows of nobody, and of whoever disconnected, have no token either.
    if (active.length === 0) return left('no_active_token');
    const wasAsked = (id: string) => (askedAtMs.get(id) ?? -Infinity) >= subject.newestAtMs;
    const wanted = perToken ? active.filter((id) => !wasAsked(id)) : active.slice(0, 1);
    if (perToken ? wanted.length === 0 : active.some(wasAsked)) return left('asked_before');
    if (limit !== null && chosen >= limit) return left('over_limit');
    chosen += 1;
    return { subject, ask: true, tokenIds: wanted };
  });
}
