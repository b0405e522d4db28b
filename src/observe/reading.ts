/**
 * Why something can't be read, in a word: values of the `state` label of
 * `oauth_token_exporter_source_info`. `ok` and `absent` are the two that are no fault.
 */
export const sourceStates = [
  'ok',
  /** Optional and never seen: this database does not have it. */
  'absent',
  /** Must be there and is not. */
  'missing',
  /** There, but a column that is needed is gone or has another type. */
  'drifted',
  /** There, but this role may not read it. */
  'denied',
  /** Readable, but row-level security hides rows from this role. */
  'hidden',
  /** The statement failed. */
  'failed',
  /** The database could not be used at all. */
  'unreachable',
] as const;
export type SourceState = (typeof sourceStates)[number];

/** Something was read, or is unknown for a reason. Unknown is never zero. */
export type Reading<T> = Known<T> | Unknown;

export interface Known<T> {
  readonly known: true;
  readonly value: T;
  /** What is missing without making the value wrong: an optional column, say. */
  readonly notes: readonly string[];
}

export interface Unknown {
  readonly known: false;
  readonly state: Exclude<SourceState, 'ok' | 'absent'>;
  readonly reason: string;
  /** What to do; may hold a statement to paste. */
  readonly remedy: string;
}

export function known<T>(value: T, notes: readonly string[] = []): Known<T> {
  return { known: true, value, notes };
}

export function unknown(state: Unknown['state'], reason: string, remedy: string): Unknown {
  return { known: false, state, reason, remedy };
}
