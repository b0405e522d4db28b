import type { GroupCommit, Write } from './group-commit.js';
import type { JournalKey } from './journal-key.js';
import { openAnswer, type ReceivedAnswer } from './sealed-answer.js';
import { putAnswer, putRequest } from './put-record.js';
import { decodeSlot, encodeSent, forgottenHead, noAnswerHead, type Sent } from './slot-format.js';
import type { JournalDamage, Place, Slot, SlotPool } from './slot-pool.js';

/** An entry as it was found, and where. */
export interface FoundEntry {
  readonly sent: Sent;
  readonly received: ReceivedAnswer | null;
  readonly slots: readonly Slot[];
}

export interface FoundRecords {
  /** The oldest first. */
  readonly entries: readonly FoundEntry[];
  /** Records whose key is not at hand; they stay where they are. */
  readonly locked: readonly Place[];
}

/** What could be read of a slot that is not free. */
interface Reading {
  readonly sent: Sent | null;
  readonly received: ReceivedAnswer | null;
  /** null: all of it. */
  readonly damage: string | null;
}

/**
 * Reads every record and gives free slots back. What is damaged is first copied to a file of its
 * own (`setAside` answers with its name, or null when that was not possible), for a person, and
 * then written again as far as it could be read, so that it is reported once.
 */
export async function readRecords(
  pools: readonly SlotPool[],
  keys: ReadonlyMap<string, JournalKey>,
  setAside: (place: Place) => Promise<string | null>,
  onDamage: (damage: JournalDamage) => void,
  commit: GroupCommit['commit'],
): Promise<FoundRecords> {
  const entries = new Map<string, FoundEntry>();
  const locked: Place[] = [];

  for (const place of await takeAll(pools)) {
    const { slot } = place;
    const reading = readSlot(place.bytes, keys);
    if (reading === 'free') slot.free();
    else if (reading === 'locked') locked.push(place);
    else {
      const { sent, received, damage } = reading;
      if (sent !== null) addEntry(entries, { sent, received, slots: [slot] });
      if (damage === null) continue;
      const copy = await setAside(place);
      onDamage(describeDamage(slot, damage, copy));
      if (copy === null) continue;
      await commit(mend(slot, reading));
      if (sent === null) slot.free();
    }
  }
  const oldestFirst = [...entries.values()].sort((a, b) => a.sent.sentAtMs - b.sent.sentAtMs);
  return { entries: oldestFirst, locked };
}

async function takeAll(pools: readonly SlotPool[]): Promise<Place[]> {
  const places: Place[] = [];
  for (const pool of pools) places.push(...(await pool.takeAll()));
  return places;
}

function readSlot(
  bytes: Buffer,
  keys: ReadonlyMap<string, JournalKey>,
): Reading | 'free' | 'locked' {
  const content = decodeSlot(bytes);
  if (content.kind === 'free') return 'free';
  if (content.kind === 'damaged') return { sent: null, received: null, damage: content.damage };
  const { sent, sealed, damage } = content;
  const key = keys.get(sent.keyId);
  if (key === undefined) return 'locked';
  if (sealed === null) return { sent, received: null, damage };
  const received = openAnswer(sealed, sent, key);
  return { sent, received, damage: received === null ? 'the answer is not authentic' : damage };
}

/** A long answer has moved its entry to a longer slot: of two records the answered one counts. */
function addEntry(entries: Map<string, FoundEntry>, entry: FoundEntry): void {
  const { entryId } = entry.sent;
  const other = entries.get(entryId);
  entries.set(entryId, {
    sent: entry.sent,
    received: entry.received ?? other?.received ?? null,
    slots: [...(other?.slots ?? []), ...entry.slots],
  });
}

function mend(slot: Slot, { sent, received }: Reading): Write[] {
  const head = putRequest(slot, sent === null ? forgottenHead : encodeSent(sent));
  return received === null ? [...head, ...putAnswer(slot, noAnswerHead)] : head;
}

function describeDamage(
  { fileName, position }: Slot,
  damage: string,
  copy: string | null,
): JournalDamage {
  const kept =
    copy === null ? 'it stays there, as it could not be copied' : `its bytes are kept in ${copy}`;
  return {
    file: fileName,
    offset: position,
    message: `journal file ${fileName}, byte ${position}: ${damage}; ${kept}`,
  };
}
