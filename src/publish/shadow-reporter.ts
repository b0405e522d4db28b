import type { Assessment } from '../assess/assess.js';
import type { Config } from '../config/config.js';
import type { Log } from '../log.js';
import { createShadow } from '../refresh/shadow.js';
import type { RefreshMetrics } from './refresh-metrics.js';

/** Tells after each poll what the providers in shadow mode would refresh, and touches nothing. */
export function createShadowReporter(
  { providers }: Pick<Config, 'providers'>,
  metrics: RefreshMetrics,
  log: Log,
): (assessment: Assessment) => void {
  const shadows = new Map(
    providers
      .filter(({ refresh }) => refresh?.mode === 'shadow')
      .map(({ name }) => [name, createShadow()]),
  );
  for (const name of shadows.keys()) metrics.declareShadowed(name);
  return (assessment) => {
    for (const [provider, count] of shadows) {
      const grants = assessment.providers.get(provider)?.grants ?? null;
      if (grants === null) continue;
      const { due, newlyDue } = count(grants.due);
      metrics.recordShadowed(provider, newlyDue);
      log.info('shadow: due tokens are counted and not refreshed', { provider, due, newlyDue });
    }
  };
}
