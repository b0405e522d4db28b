import { printable, shorten } from './printable.js';
import { longestCell } from './table.js';

/**
 * What is too long for a table, for below it: each text once and in full, with the rows it is about.
 * Empty, or lines that end the table with a blank one.
 */
export function tableNotes(
  rows: readonly { readonly id: string; readonly detail: string }[],
): string {
  const notes = new Map<string, string[]>();
  for (const { id, detail } of rows) {
    const text = printable(detail);
    if (shorten(text, longestCell) !== text) notes.set(text, [...(notes.get(text) ?? []), id]);
  }
  return [...notes]
    .map(([text, ids]) => {
      const about = ids.length <= 3 ? ids.map(printable).join(', ') : `${String(ids.length)} rows`;
      return `${about}: ${text}\n`;
    })
    .join('');
}
