import type { Gauge } from 'prom-client';

/** Sets a gauge, or takes its series away where there is no value. */
export function setOrRemove(
  target: Gauge<'provider'>,
  labels: { provider: string },
  value: number | null,
): void {
  if (value === null) target.remove(labels);
  else target.set(labels, value);
}

/** Milliseconds in the unit of metrics. */
export function seconds(ms: number | null): number | null {
  return ms === null ? null : ms / 1000;
}
