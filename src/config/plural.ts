/** `1 row`, `3 rows`: also for what is said of them, `1 was switched off`. */
export function plural(count: number, one: string, many = `${one}s`): string {
  return `${String(count)} ${count === 1 ? one : many}`;
}

/** `1 of 60 tokens`, `1 of 1 token`; where it is not known of how many, `1 token`. */
export function pluralOf(
  count: number,
  total: number | null,
  one: string,
  many = `${one}s`,
): string {
  return total === null
    ? plural(count, one, many)
    : `${String(count)} of ${plural(total, one, many)}`;
}
