import type { RawAnswer } from './token-response.js';

export interface RequestLimits {
  /** Reported as slow after this, but listened to until `deadlineMs`. */
  readonly slowAfterMs: number;
  readonly deadlineMs: number;
  readonly maxBodyBytes: number;
}

/** What became of one request. */
export type Exchange = Answered | Unanswered;

/** An answer came whole. What it says is the parser's to find out. */
export interface Answered {
  readonly ok: true;
  readonly raw: RawAnswer;
}

/** No whole answer came. */
export interface Unanswered {
  readonly ok: false;
  readonly reason: 'timeout' | 'network' | 'unparseable_response';
  /** The endpoint may have acted on the request, and what it answered is not known. */
  readonly mayHaveArrived: boolean;
  /** Status of the answer that began but did not come whole; null when none began. */
  readonly halfReadStatus: number | null;
  /** For people. Holds no secret; of the URL it names the host only. */
  readonly detail: string;
}
