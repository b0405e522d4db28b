import { columns, pad, printable, shorten } from './printable.js';

/** Widest that a single column gets. */
export const longestCell = 48;

/**
 * Formats rows as aligned columns under a header, for a terminal and for pasting.
 *
 * Cells are text from data and are made printable here. `paint` colours a finished cell: it gets
 * the text and the cell's column, and must not change the width.
 */
export function formatTable(
  header: readonly string[],
  rows: readonly (readonly string[])[],
  paint: (text: string, column: number, row: readonly string[]) => string = (text) => text,
): string {
  const cells = rows.map((row) => row.map((cell) => shorten(printable(cell), longestCell)));
  const widths = header.map((title, column) =>
    cells.reduce((width, row) => Math.max(width, columns(row[column] ?? '')), title.length),
  );
  const line = (row: readonly string[], format: (text: string, column: number) => string) =>
    row
      .map((cell, column) => format(pad(cell, widths[column] ?? 0), column))
      .join('  ')
      .trimEnd();
  return [
    line(header, (text) => text),
    line(
      widths.map((width) => '-'.repeat(width)),
      (text) => text,
    ),
    ...cells.map((row) => line(row, (text, column) => paint(text, column, row))),
  ].join('\n');
}
