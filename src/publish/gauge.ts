import { Gauge } from 'prom-client';
import type { Registry } from 'prom-client';

/** Creates a gauge in `registry`. */
export function gauge<const L extends string>(
  registry: Registry,
  name: string,
  help: string,
  labelNames: readonly L[] = [],
): Gauge<L> {
  return new Gauge({ name, help, labelNames, registers: [registry] });
}
