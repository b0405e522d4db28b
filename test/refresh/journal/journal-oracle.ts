import type { JournalEntry } from '../../../src/refresh/journal/journal.js';

/** The answer that belongs to a token: of any length, some of them long. */
export function bodyOf(tokenId: string): Buffer {
  const seed = Buffer.from(tokenId).reduce((sum, byte) => (sum * 31 + byte) % 9973, 7);
  const length = seed % 29 === 0 ? 40_000 : 200 + (seed % 7) * 700;
  return Buffer.from(tokenId.repeat(Math.ceil(length / tokenId.length)));
}

/** What a journal acknowledged, line by line, and so must still know. */
export class JournalOracle {
  readonly #acknowledged = new Map<string, { tokenId: string; state: string }>();

  /** Reads a line of journal-child.ts. */
  hear(line: string): void {
    const [state = '', entryId = '', tokenId = ''] = line.split(' ');
    if (['sent', 'answered', 'forgetting'].includes(state)) {
      this.#acknowledged.set(entryId, { tokenId, state });
    }
  }

  /** How many answers must be there. */
  get answers(): number {
    return [...this.#acknowledged.values()].filter(({ state }) => state === 'answered').length;
  }

  /** What was acknowledged and is not in the journal, or not as it was. */
  findLost(entries: readonly JournalEntry[]): string[] {
    const found = new Map(entries.map((entry) => [entry.entryId, entry]));
    const lost: string[] = [];
    for (const [entryId, { tokenId, state }] of this.#acknowledged) {
      const entry = found.get(entryId);
      const isAnswered =
        entry?.state === 'answered' && entry.answer.body.equals(bodyOf(entry.tokenId));
      const isSent = state === 'sent' && entry !== undefined;
      const isKept = state === 'forgetting' || isSent || isAnswered;
      if (!isKept) lost.push(`${state} ${tokenId}: ${entry?.state ?? 'gone'}`);
    }
    return lost;
  }

  /** What is done with is no longer asked for. */
  forgetAll(): void {
    this.#acknowledged.clear();
  }
}
