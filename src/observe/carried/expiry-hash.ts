/** 64 bits, in two halves. */
export interface ExpiryHash {
  high: number;
  low: number;
}

/** What both of these hash: twice the milliseconds, rounded down, and one more where it is active. */
export function expiryHashSql(expiresAt: string, active: string): string {
  // Half as dear as `extract`, whose numbers are decimal; whole microseconds divide without an error.
  const ms = `floor(round(date_part('epoch', ${expiresAt}) * 1000000) / 1000)::bigint`;
  return `hashint8extended(${ms} * 2 + (${active})::int, 0)`;
}

const initial = 0x9e3779b9 + 4 + 3923095;
const rotate = (bits: number, by: number) => (bits << by) | (bits >>> (32 - by));

/**
 * The same in here: `hash_uint32_extended` in src/common/hashfn.c of Postgres, by which it also
 * finds a row's partition, so that it stays. Writes to `into`: this is called by the million.
 */
export function hashExpiry(active: boolean, expiresAtMs: number, into: ExpiryHash): void {
  const value = expiresAtMs * 2 + (active ? 1 : 0);
  const above = Math.floor(value / 2 ** 32);
  const key = (value - above * 2 ** 32) ^ (value >= 0 ? above : ~above);
  let a = initial + key;
  let b = initial;
  let c = initial;
  c = (c ^ b) - rotate(b, 14);
  a = (a ^ c) - rotate(c, 11);
  b = (b ^ a) - rotate(a, 25);
  c = (c ^ b) - rotate(b, 16);
  a = (a ^ c) - rotate(c, 4);
  b = (b ^ a) - rotate(a, 14);
  c = (c ^ b) - rotate(b, 24);
  into.high = b >>> 0;
  into.low = c >>> 0;
}
