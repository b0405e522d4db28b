import { randomUUID } from 'node:crypto';
import type { GroupCommit } from './group-commit.js';
import type { Journal, SentRequest } from './journal.js';
import { hashRefreshToken, type JournalKey } from './journal-key.js';
import {
  deletedProblem,
  explainJournalError,
  lockedProblem,
  tooLarge,
  type JournalProblem,
} from './journal-problem.js';
import { putAnswer, putRequest } from './put-record.js';
import { sealAnswer } from './sealed-answer.js';
import {
  answerOffset,
  encodeAnswer,
  encodeSent,
  fitsHead,
  forgottenHead,
  type Sent,
} from './slot-format.js';
import type { Place, Slot, SlotPool } from './slot-pool.js';

/** What `openJournal` found and made. */
export interface JournalParts {
  readonly id: string;
  readonly directory: string;
  /** For what is written. */
  readonly key: JournalKey;
  /** For what is read, by id; `key` is among them. */
  readonly keys: ReadonlyMap<string, JournalKey>;
  /** Slots for usual answers, one for each request. */
  readonly usual: SlotPool;
  /** Slots for long answers, of which one is kept free. */
  readonly long: SlotPool;
  readonly disk: GroupCommit;
  readonly open: Map<string, OpenEntry>;
  /** Records whose key is not at hand. */
  readonly locked: readonly Place[];
  /** Copies a record to a file of its own and answers with its name. */
  readonly setAside: (record: Place) => Promise<string>;
  /** False once somebody deleted the directory under us. */
  readonly isThere: () => boolean;
  readonly close: () => Promise<void>;
  readonly onWarning: (message: string) => void;
}

/** What is known of an entry while it is open: no secrets. */
export interface OpenEntry {
  readonly sent: Sent;
  readonly slots: Slot[];
  answered: boolean;
}

/** Makes the journal of an opened directory. */
export function createJournal(parts: JournalParts): Journal {
  const { id, directory, key, keys, usual, long, disk, open, onWarning } = parts;
  const { commit } = disk;
  const clearing = new Set<Promise<void>>();
  let { locked } = parts;

  const failed = (error: unknown) =>
    ({ ok: false, problem: explainJournalError(error, directory) }) as const;
  const refusal = () => {
    if (!parts.isThere()) return deletedProblem(directory);
    return locked.length === 0 ? null : lockedProblem(locked.length, directory);
  };

  /** A slot is given to another entry only after its own is gone from it. */
  function clear(slot: Slot): void {
    const cleared = disk
      .write(putRequest(slot, forgottenHead))
      .then(slot.free, (error: unknown) => {
        onWarning(explainJournalError(error, directory).message);
      })
      .finally(() => clearing.delete(cleared));
    clearing.add(cleared);
  }

  async function writeSent(sents: readonly Sent[]): Promise<void> {
    const entries: OpenEntry[] = [];
    try {
      await long.reserve();
      for (const sent of sents) {
        entries.push({ sent, slots: [await usual.take()], answered: false });
      }
      await commit(
        entries.flatMap(({ sent, slots }) =>
          slots.flatMap((slot) => putRequest(slot, encodeSent(sent))),
        ),
      );
    } catch (error) {
      entries.flatMap(({ slots }) => slots).forEach(clear);
      throw error;
    }
    for (const entry of entries) open.set(entry.sent.entryId, entry);
  }

  /** Takes the first of the entry's slots that is long enough, or moves it to a longer one. */
  async function writeAnswer({ sent, slots }: OpenEntry, record: Uint8Array): Promise<void> {
    const needed = answerOffset + record.length;
    const slot = slots.find(({ slotBytes }) => slotBytes >= needed);
    if (slot !== undefined) {
      await commit(putAnswer(slot, record));
      return;
    }
    const longer = await long.take();
    slots.push(longer);
    await commit([...putRequest(longer, encodeSent(sent)), ...putAnswer(longer, record)]);
  }

  return {
    id,
    refusal,

    async probe() {
      const problem = refusal();
      if (problem !== null) return problem;
      try {
        await long.reserve();
        const slot = await usual.take();
        await commit(putRequest(slot, forgottenHead)).finally(slot.free);
        return null;
      } catch (error) {
        return explainJournalError(error, directory);
      }
    },

    async recordSent(requests, sentAt) {
      const problem = refusal() ?? findTooLarge(requests);
      if (problem !== null) return { ok: false, problem };
      const sents = requests.map(({ provider, tokenId, refreshToken }) => ({
        entryId: randomUUID(),
        journalId: id,
        provider,
        tokenId,
        sentAtMs: sentAt.getTime(),
        refreshTokenHash: hashRefreshToken(refreshToken, key),
        keyId: key.id,
      }));
      try {
        await writeSent(sents);
        return { ok: true, entryIds: sents.map(({ entryId }) => entryId) };
      } catch (error) {
        return failed(error);
      }
    },

    async recordAnswer(entryId, answer, receivedAt) {
      const entry = open.get(entryId);
      if (entry === undefined) throw new Error(`journal entry ${entryId} is not open`);
      if (entry.answered) throw new Error(`journal entry ${entryId} has an answer`);
      const sealed = sealAnswer({ answer, receivedAt }, entry.sent, keyOf(entry.sent));
      const record = encodeAnswer(entry.sent, sealed);
      if (answerOffset + record.length > long.slotBytes) {
        return { ok: false, problem: tooLarge(`an answer of ${answer.body.length} bytes`) };
      }
      entry.answered = true;
      try {
        await writeAnswer(entry, record);
        return { ok: true };
      } catch (error) {
        entry.answered = false;
        return failed(error);
      }
    },

    forget(entryId) {
      open.get(entryId)?.slots.forEach(clear);
      open.delete(entryId);
    },

    matches(entry, refreshToken) {
      return hashRefreshToken(refreshToken, keyOf(entry)) === entry.refreshTokenHash;
    },

    async abandonLocked() {
      try {
        const copies = await Promise.all(locked.map(parts.setAside));
        await commit(locked.flatMap(({ slot }) => putRequest(slot, forgottenHead)));
        for (const { slot } of locked) slot.free();
        locked = [];
        return { ok: true, copies };
      } catch (error) {
        return failed(error);
      }
    },

    async release() {
      await Promise.all(clearing);
      await commit([]);
      await parts.close();
    },
  };

  function keyOf({ keyId }: { readonly keyId: string }): JournalKey {
    const known = keys.get(keyId);
    if (known === undefined) throw new Error(`journal key ${keyId} is not at hand`);
    return known;
  }
}

function findTooLarge(requests: readonly SentRequest[]): JournalProblem | null {
  const tooLong = requests.find(({ provider, tokenId }) => !fitsHead(provider, tokenId));
  return tooLong === undefined
    ? null
    : tooLarge(`a token id of ${tooLong.tokenId.length} characters (${tooLong.provider})`);
}
