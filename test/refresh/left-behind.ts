import { openJournal } from '../../src/refresh/journal/open-journal.js';
import type { RefreshWorld } from './refresh-world.js';

/** What a dead exporter left behind, by token id. */
export interface LeftBehind {
  /** Its answer had been read and is in the journal. */
  readonly answered: ReadonlySet<string>;
  /** A request was sent, or was about to be: nobody knows what became of it. */
  readonly sent: ReadonlySet<string>;
  /** Rows whose refresh token the server would refuse now: the new one is not in the database. */
  readonly unstored: ReadonlySet<string>;
}

/** Reads a dead exporter's journal and compares the database with the authorization server. */
export async function readLeftBehind(world: RefreshWorld, directory: string): Promise<LeftBehind> {
  const opened = await openJournal({
    directory,
    key: null,
    oldKeys: [],
    onWarning: () => undefined,
  });
  if (!opened.ok) throw new Error(opened.problem.message);
  const answered = new Set(
    opened.entries.filter(({ state }) => state === 'answered').map(({ tokenId }) => tokenId),
  );
  const sent = new Set(
    opened.entries.map(({ tokenId }) => tokenId).filter((tokenId) => !answered.has(tokenId)),
  );
  await opened.journal.release();
  return { answered, sent, unstored: await world.refusedTokens() };
}
