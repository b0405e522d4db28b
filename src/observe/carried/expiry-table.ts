import { setImmediate as breathe } from 'node:timers/promises';
import { rangeOf } from './expiry-ranges.js';
import type { ExpiryRanges, ExpirySample } from './expiry-ranges.js';
import { createRangeSums } from './range-sum.js';
import type { RangeSum } from './range-sum.js';

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

/** Of the expiries that are carried, what a check of them takes. */
export interface ExpiryTable extends CarriedTable<CarriedExpiry> {
  readonly sample: () => ExpirySample;
  /** Sums up each range, and drops what has been missing in it since it was marked. */
  readonly sumUp: (ranges: ExpiryRanges) => Promise<readonly RangeSum[]>;
  /** Marks the rows of these ranges as missing until they are put again. */
  readonly markMissing: (ranges: ExpiryRanges, which: ReadonlySet<number>) => Promise<void>;
}

const used = 1;
const isActive = 2;
const odd = 4;
const isMissing = 8;
/** No row any more, but others may lie behind its slot. */
const isGone = 16;
/** So many slots take a few milliseconds; then others have their turn. */
const slotsAtOnce = 200_000;
/** A copy goes to memory that was never touched, which takes many times as long. */
const copiedAtOnce = 10_000;
const fullest = 0.65;
/** So many slots tell how the expiries are spread. */
const sampledSlots = 32_768;

/**
 * Carries 17 bytes per slot, 26 to 52 per token, in arrays that no garbage collection walks
 * through: ten million tokens are 285 MB. What steps through all of them lets others have
 * their turn.
 *
 * Ids are kept as 64-bit hashes. Among ten million, two share one with a chance of 1 in 400,000;
 * one of those two would not be counted.
 */
export function createExpiryTable(): ExpiryTable {
  let slots = createSlots(1 << 12);
  /** Slots that are not free. */
  let taken = 0;
  let round = 0;

  /** Copies the rows into as many slots as they and `more` take. */
  const rebuild = async (more: number): Promise<void> => {
    let kept = 0;
    await inSlices(slots, (from, to) => {
      for (let index = from; index < to; index += 1) kept += (slots.states[index] ?? 0) & used;
    });
    let size = 1 << 12;
    // A tenth more, so that the next few rows don't need another copy.
    while (size * fullest < 1.1 * (kept + more)) size *= 2;
    const next = createSlots(size);
    const copy = (from: number, to: number): void => {
      for (let index = from; index < to; index += 1) {
        const state = slots.states[index] ?? 0;
        if ((state & used) === 0) continue;
        const at = findSlot(next, slots.high[index] ?? 0, slots.low[index] ?? 0);
        next.high[at] = slots.high[index] ?? 0;
        next.low[at] = slots.low[index] ?? 0;
        next.expiries[at] = slots.expiries[index] ?? Number.NaN;
        next.states[at] = state;
      }
    };
    await inSlices(slots, copy, copiedAtOnce);
    slots = next;
    taken = kept;
  };

  /** Shows the rows of these ranges, and sets their states to what `see` answers. */
  const eachWithin = (
    ranges: ExpiryRanges,
    see: (range: number, state: number, expiresAtMs: number) => number,
  ): Promise<void> => {
    const { endMs } = ranges;
    const beginMs = ranges.startsMs[0] ?? Infinity;
    return inSlices(slots, (from, to) => {
      const { states, expiries } = slots;
      for (let index = from; index < to; index += 1) {
        const expiresAtMs = expiries[index] ?? Number.NaN;
        // Most lie elsewhere, and are told apart here: calls of `rangeOf` would take twice as long.
        if (expiresAtMs < beginMs || (expiresAtMs >= endMs && endMs !== Infinity)) continue;
        const state = states[index] ?? 0;
        if ((state & used) === 0) continue;
        const range = rangeOf(ranges, expiresAtMs);
        if (range !== -1) states[index] = see(range, state, expiresAtMs);
      }
    });
  };

  return {
    async put(rows) {
      if (taken + rows.length > slots.states.length * fullest) await rebuild(rows.length);
      for (const { id, active, expiresAtMs } of rows) {
        const high = hash(id, 0x9e3779b1, 0x85ebca6b);
        const low = hash(id, 0x7feb352d, 0xc2b2ae35);
        const at = findSlot(slots, high, low);
        if (slots.states[at] === 0) taken += 1;
        slots.high[at] = high;
        slots.low[at] = low;
        slots.expiries[at] = expiresAtMs ?? Number.NaN;
        slots.states[at] = used | (active ? isActive : 0) | round;
      }
    },
    async endRound() {
      await inSlices(slots, (from, to) => {
        const { states } = slots;
        for (let index = from; index < to; index += 1) {
          const state = states[index] ?? 0;
          if ((state & used) !== 0 && (state & odd) !== round) states[index] = isGone;
        }
      });
      round = odd - round;
    },
    visit: (see) =>
      inSlices(slots, (from, to) => {
        const { states, expiries } = slots;
        for (let index = from; index < to; index += 1) {
          const state = states[index] ?? 0;
          if ((state & used) !== 0) see((state & isActive) !== 0, expiries[index] ?? Number.NaN);
        }
      }),
    sample: () => drawSample(slots),
    async sumUp(ranges) {
      const sums = createRangeSums(ranges);
      await eachWithin(ranges, (range, state, expiresAtMs) => {
        if ((state & isMissing) !== 0) return isGone;
        sums.add(range, (state & isActive) !== 0, expiresAtMs);
        return state;
      });
      return sums.all();
    },
    async markMissing(ranges, which) {
      if (which.size === 0) return;
      await eachWithin(ranges, (range, state) => (which.has(range) ? state | isMissing : state));
    },
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

async function inSlices(
  { states: { length } }: Slots,
  see: (from: number, to: number) => void,
  atOnce = slotsAtOnce,
): Promise<void> {
  for (let from = 0; from < length; from += atOnce) {
    const to = Math.min(length, from + atOnce);
    see(from, to);
    if (to < length) await breathe();
  }
}

/** Rows lie where the hash of their id says, so that those of some slots in a row are a fair part. */
function drawSample({ expiries, states }: Slots): ExpirySample {
  const drawn: number[] = [];
  let withoutExpiry = 0;
  const slots = Math.min(states.length, sampledSlots);
  for (let index = 0; index < slots; index += 1) {
    if (((states[index] ?? 0) & used) === 0) continue;
    const expiresAtMs = expiries[index] ?? Number.NaN;
    if (Number.isNaN(expiresAtMs)) withoutExpiry += 1;
    else drawn.push(expiresAtMs);
  }
  const each = states.length / slots;
  return { expiriesMs: Float64Array.from(drawn).sort(), withoutExpiry, each };
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
