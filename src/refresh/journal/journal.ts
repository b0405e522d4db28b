import type { RawAnswer } from '../token-response.js';
import type { JournalProblem } from './journal-problem.js';
import type { ReceivedAnswer } from './sealed-answer.js';

/**
 * What a refresher remembers on its own disk, so that a crash loses no answer of a token endpoint:
 * that a request is about to leave, and the answer before anything looked at it.
 */
export interface Journal {
  /** Names this directory for as long as it exists. */
  readonly id: string;
  /** Why `recordSent` refuses whatever it is asked, though what was found can be worked off. */
  readonly refusal: () => JournalProblem | null;
  /**
   * Why a request could not be noted now; null: it could. Takes a free record, writes that it is
   * free and flushes it, so that a disk which filled up or failed is seen before a token is due.
   */
  readonly probe: () => Promise<JournalProblem | null>;
  /**
   * Returns when the requests are on disk, each with room for a usual answer (26 KiB) and one
   * long answer (1 MiB) between them; only then may they leave. All of them or none. The ids
   * come in the order of the requests. `sentAt` is by the clock that decides: the database's.
   */
  readonly recordSent: (requests: readonly SentRequest[], sentAt: Date) => Promise<SentRecorded>;
  /**
   * Returns when the answer is on disk. Where that fails the caller still has the answer and goes
   * on with it: only a crash before it is stored would lose it.
   */
  readonly recordAnswer: (
    entryId: string,
    answer: RawAnswer,
    receivedAt: Date,
  ) => Promise<AnswerRecorded>;
  /**
   * Ends an entry. Not flushed: after a power loss it may be there again, as it was. That is
   * harmless to whoever reads the database's row first, as a start must in any case.
   */
  readonly forget: (entryId: string) => void;
  /** True when this is the refresh token that the entry's request used. */
  readonly matches: (entry: JournalEntry, refreshToken: string) => boolean;
  /** Moves the records whose key is lost to files of their own, and works again. */
  readonly abandonLocked: () => Promise<RecordsAbandoned>;
  /** Closes the files and lets others have the directory, when what is under way has finished. */
  readonly release: () => Promise<void>;
}

/** A refresh request that is about to leave. Holds a secret. */
export interface SentRequest {
  readonly provider: string;
  readonly tokenId: string;
  readonly refreshToken: string;
}

export type JournalEntry = SentEntry | AnsweredEntry;

/** A request left or was about to; no answer was recorded. */
export interface SentEntry extends EntryFacts {
  readonly state: 'sent';
}

/** The answer was recorded; whether it was stored is for the database to say. Holds secrets. */
export interface AnsweredEntry extends EntryFacts, ReceivedAnswer {
  readonly state: 'answered';
}

interface EntryFacts {
  readonly entryId: string;
  readonly provider: string;
  readonly tokenId: string;
  readonly sentAt: Date;
  /** Which refresh token was used; {@link Journal.matches} tells. */
  readonly refreshTokenHash: string;
  readonly keyId: string;
}

export type SentRecorded =
  | { readonly ok: true; readonly entryIds: readonly string[] }
  | { readonly ok: false; readonly problem: JournalProblem };

export type AnswerRecorded =
  { readonly ok: true } | { readonly ok: false; readonly problem: JournalProblem };

export type RecordsAbandoned =
  | { readonly ok: true; readonly copies: readonly string[] }
  | { readonly ok: false; readonly problem: JournalProblem };
