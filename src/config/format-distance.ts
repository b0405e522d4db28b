const units = [
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['min', 60_000],
  ['s', 1_000],
] as const;

/** A duration in at most two units: `23 h 59 min`. */
export function formatDistance(ms: number): string {
  let rest = Math.max(0, Math.round(ms / 1_000) * 1_000);
  const parts: string[] = [];
  for (const [unit, size] of units) {
    const count = Math.floor(rest / size);
    if (parts.length > 0 || count > 0) parts.push(count === 0 ? '' : `${String(count)} ${unit}`);
    rest -= count * size;
  }
  return parts.slice(0, 2).filter(Boolean).join(' ') || '0 s';
}
