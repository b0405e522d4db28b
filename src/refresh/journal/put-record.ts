import type { Write } from './group-commit.js';
import { answerOffset } from './slot-format.js';
import type { Slot } from './slot-pool.js';

/** Writes a request, or that it is forgotten, and nothing of the answer. */
export function putRequest(slot: Slot, head: Uint8Array): Write[] {
  return slot.put(0, head, answerOffset);
}

/** Writes an answer, and nothing of the request. */
export function putAnswer(slot: Slot, record: Uint8Array): Write[] {
  return slot.put(answerOffset, record, slot.slotBytes - answerOffset);
}
