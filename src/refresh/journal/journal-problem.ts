/** Why the journal can't be used, in a word: a closed list, fit for a metric's label. */
export const journalProblemReasons = [
  /** The directory is not there and could not be made. */
  'missing',
  'read_only',
  /** No room for another record together with its answer. */
  'full',
  /** Another living process holds the directory. */
  'held',
  /** This system offers no way to hold the directory exclusively. */
  'no_lock',
  /** A key is not 32 bytes in base64. */
  'bad_key',
  /** Records were written with a key that is not at hand. */
  'unreadable_key',
  /** A newer version of the exporter wrote it. */
  'newer_format',
  /** One record is longer than the journal takes. */
  'too_large',
  /** Anything else that the operating system answered. */
  'failed',
] as const;
export type JournalProblemReason = (typeof journalProblemReasons)[number];

export interface JournalProblem {
  readonly reason: JournalProblemReason;
  /** What is wrong, for people; never holds a secret. */
  readonly message: string;
  /** What to do about it. */
  readonly remedy: string;
}

const reasonOf: Readonly<Record<string, 'missing' | 'read_only' | 'full'>> = {
  ENOENT: 'missing',
  EROFS: 'read_only',
  EACCES: 'read_only',
  EPERM: 'read_only',
  ENOSPC: 'full',
  EDQUOT: 'full',
  EFBIG: 'full',
};

/**
 * Says what an answer of the operating system means for the journal in `directory`. Errors that
 * did not come from there are faults of ours and are thrown again.
 */
export function explainJournalError(error: unknown, directory: string): JournalProblem {
  if (!(error instanceof Error && 'code' in error && typeof error.code === 'string')) throw error;
  const { code } = error;
  const reason = reasonOf[code] ?? 'failed';
  switch (reason) {
    case 'missing':
      return {
        reason,
        message: `the journal directory ${directory} does not exist, nor a folder to make it in`,
        remedy: 'create it or mount its volume, or point JOURNAL_DIR to a folder that persists',
      };
    case 'read_only':
      return {
        reason,
        message: `the journal in ${directory} can't be written (${code})`,
        remedy: 'make the directory and its files writable and owned by the user of this process',
      };
    case 'full':
      return {
        reason,
        message: `no room for the journal in ${directory} (${code})`,
        remedy: 'free some disk space or raise the quota: a few megabytes are enough',
      };
    case 'failed':
      return {
        reason,
        message: `the journal in ${directory} failed: ${error.message}`,
        remedy: 'check the disk and its mount, or point JOURNAL_DIR to another local disk',
      };
  }
}

/** What is written to deleted files is gone with this process. */
export function deletedProblem(directory: string): JournalProblem {
  return {
    reason: 'missing',
    message: `the journal in ${directory} was deleted while in use`,
    remedy: 'restart the exporter, which makes a new one, and leave its files alone',
  };
}

/** Records whose key is not at hand keep the journal from new work: their tokens are in doubt. */
export function lockedProblem(records: number, directory: string): JournalProblem {
  return {
    reason: 'unreadable_key',
    message: `${records} ${records === 1 ? 'record' : 'records'} of the journal in ${directory} can't be read with these keys`,
    remedy:
      'set JOURNAL_KEYS_OLD to the former JOURNAL_KEY (or restore journal.key); if it is lost, give the records up with: journal abandon',
  };
}

/** One thing is longer than its place in the journal. */
export function tooLarge(what: string): JournalProblem {
  return {
    reason: 'too_large',
    message: `${what} is too large for the journal`,
    remedy: 'please report it with this line',
  };
}

/** What a newer version wrote would look damaged to this one. */
export function newerFormat(directory: string): JournalProblem {
  return {
    reason: 'newer_format',
    message: `a newer version of the exporter wrote the journal in ${directory}`,
    remedy: 'run that version until its records are stored, or point JOURNAL_DIR elsewhere',
  };
}
