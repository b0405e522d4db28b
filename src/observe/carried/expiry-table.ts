import { setImmediate as breathe } from 'node:timers/promises';

/** What is carried of a token where only counts are wanted. */
export interface CarriedExpiry {
  readonly id: string;
  readonly active: boolean;
  readonly expiresAtMs: number | null;
}

/** Rows carried from poll to poll. In a round every row of the database is put at least once. */
export interface CarriedTable<Row> {
  /** Adds rows or replaces those of the same id. */
  readonly put: (rows: readonly Row[]) => Promise<void>;
  /** Drops what was not put since the last round ended. */
  readonly endRound: () => Promise<void>;
  /** Shows every row's flag and expiry, NaN for none. */
  readonly visit: (see: (active: boolean, expiresAtMs: number) => void) => Promise<void>;
}

const used = 1;
const isActive = 2;
const odd = 4;
/** So many slots take a few milliseconds; then others have their turn. */
const slotsAtOnce = 200_000;
const fullest = 0.65;

/**
 * Carries 17 bytes per slot, 26 to 52 per token, in arrays that no garbage collection walks
 * through: ten million tokens are 260 MB to 520 MB. What steps through all of them lets others have
 * their turn.
 *
 * Ids are kept as 64-bit hashes. Among ten million, two share one with a chance of 1 in 400,000;
 * one of those two would not be counted.
 */
export function createExpiryTable(): CarriedTable<CarriedExpiry> {
  let slots = createSlots(1 << 12);
  let count = 0;
  let round = 0;

  /** Copies what `keep` says into as many slots as hold `expected` rows. */
  const rebuild = async (expected: number, keep: (state: number) => boolean): Promise<void> => {
    let size = 1 << 12;
    while (size * fullest < expected) size *= 2;
    const next = createSlots(size);
    let kept = 0;
    await eachSlot(slots, (index, state) => {
      if (!keep(state)) return;
      const at = findSlot(next, slots.high[index] ?? 0, slots.low[index] ?? 0);
      next.high[at] = slots.high[index] ?? 0;
      next.low[at] = slots.low[index] ?? 0;
      next.expiries[at] = slots.expiries[index] ?? Number.NaN;
      next.states[at] = state;
      kept += 1;
    });
    slots = next;
    count = kept;
  };

  return {
    async put(rows) {
      if (count + rows.length > slots.states.length * fullest) {
        await rebuild(2 * (count + rows.length), () => true);
      }
      for (const { id, active, expiresAtMs } of rows) {
        const high = hash(id, 0x9e3779b1, 0x85ebca6b);
        const low = hash(id, 0x7feb352d, 0xc2b2ae35);
        const at = findSlot(slots, high, low);
        if (slots.states[at] === 0) count += 1;
        slots.high[at] = high;
        slots.low[at] = low;
        slots.expiries[at] = expiresAtMs ?? Number.NaN;
        slots.states[at] = used | (active ? isActive : 0) | round;
      }
    },
    async endRound() {
      await rebuild(count, (state) => (state & odd) === round);
      round = odd - round;
    },
    visit: (see) =>
      eachSlot(slots, (index, state) => {
        see((state & isActive) !== 0, slots.expiries[index] ?? Number.NaN);
      }),
  };
}

interface Slots {
  readonly high: Uint32Array;
  readonly low: Uint32Array;
  readonly expiries: Float64Array;
  /** 0: free. */
  readonly states: Uint8Array;
}

function createSlots(size: number): Slots {
  return {
    high: new Uint32Array(size),
    low: new Uint32Array(size),
    expiries: new Float64Array(size),
    states: new Uint8Array(size),
  };
}

/** The slot of this hash, or the free one where it belongs. */
function findSlot({ high, low, states }: Slots, wantedHigh: number, wantedLow: number): number {
  const mask = states.length - 1;
  let at = wantedLow & mask;
  while (states[at] !== 0 && (low[at] !== wantedLow || high[at] !== wantedHigh)) {
    at = (at + 1) & mask;
  }
  return at;
}

async function eachSlot(
  { states }: Slots,
  see: (index: number, state: number) => void,
): Promise<void> {
  for (let from = 0; from < states.length; from += slotsAtOnce) {
    const to = Math.min(states.length, from + slotsAtOnce);
    for (let index = from; index < to; index += 1) {
      const state = states[index] ?? 0;
      if (state !== 0) see(index, state);
    }
    if (to < states.length) await breathe();
  }
}

/** 32 bits of a text, each spread over all of them. */
function hash(text: string, seed: number, factor: number): number {
  let bits = seed ^ text.length;
  for (let index = 0; index < text.length; index += 1) {
    bits = Math.imul(bits ^ text.charCodeAt(index), factor);
    bits = (bits << 13) | (bits >>> 19);
  }
  bits = Math.imul(bits ^ (bits >>> 16), 0x2c1b3c6d);
  bits = Math.imul(bits ^ (bits >>> 12), 0x297a2d39);
  return (bits ^ (bits >>> 15)) >>> 0;
}
