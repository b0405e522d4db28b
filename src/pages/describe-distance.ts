import { formatDistance } from '../config/format-distance.js';

const dayMs = 86_400_000;

/** `in 23 h 10 min`, `3 min ago`, `now`. Of many days nobody counts the hours. */
export function describeDistance(ms: number): string {
  const distance = Math.abs(ms);
  if (distance < 1_000) return 'now';
  const isFar = distance >= 7 * dayMs;
  const isNear = distance < 3_600_000;
  const [largest = '', rest = ''] = formatDistance(distance).split(/(?<=[a-z]) /);
  const text = isFar || isNear || rest === '' ? largest : `${largest} ${rest}`;
  return ms > 0 ? `in ${text}` : `${text} ago`;
}
