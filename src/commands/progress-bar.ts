const width = 30;

/** A line that takes the place of itself: `[██████······] 12 of 40`. For terminals only. */
export function formatProgress(done: number, total: number): string {
  const filled = total === 0 ? width : Math.floor((done / total) * width);
  return `\r[${'█'.repeat(filled)}${'·'.repeat(width - filled)}] ${String(done)} of ${String(total)} `;
}
