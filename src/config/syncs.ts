import type { z } from 'zod';
import type { SyncConfig } from './config.js';
import type { SyncEndpointConfig } from './sync-config.js';
import { fillVariables } from './fill-variables.js';
import type { ConfigProblem } from './problem.js';
import { isMap, type RawMap } from './raw-map.js';
import type { syncsSchema } from './syncs-schema.js';

interface SyncSources {
  readonly preset: unknown;
  readonly own: unknown;
  readonly path: readonly PropertyKey[];
  readonly readVariable: (name: string) => string | ConfigProblem | null;
}

/**
 * Merges a provider's `syncs` with its preset's, key by key, and puts the environment into its
 * endpoint: one that a preset offers and whose variables are not set is left out.
 */
export function resolveSyncs({ preset, own, path, readVariable }: SyncSources): {
  readonly mapping: unknown;
  readonly problems: readonly ConfigProblem[];
} {
  if (own === null) return { mapping: null, problems: [] };
  if (own !== undefined && !isMap(own)) return { mapping: own, problems: [] };
  if (own === undefined && !isMap(preset)) return { mapping: undefined, problems: [] };
  const merged: RawMap = { ...(isMap(preset) ? preset : {}), ...own };
  const { endpoint, ...rest } = merged;
  if (endpoint === undefined) return { mapping: rest, problems: [] };
  const filled = fillVariables({ endpoint }, { own, path, readVariable });
  return { mapping: { ...rest, ...filled.mapping }, problems: filled.problems };
}

/** What the schema read, by the names of the code. */
export function toSyncs(syncs: z.output<typeof syncsSchema>): SyncConfig {
  const endpoint: SyncEndpointConfig | null = syncs.endpoint;
  return {
    lastSuccess: syncs.last_success,
    running: syncs.running,
    failures: syncs.failures,
    failureReasons: syncs.failure_reasons,
    runs: syncs.runs,
    stored: syncs.stored,
    stuckAfterMs: syncs.stuck_after,
    overdueAfterMs: syncs.overdue_after,
    schedule: syncs.schedule && {
      cron: syncs.schedule.cron,
      timeZone: syncs.schedule.time_zone,
      graceMs: syncs.schedule.grace,
    },
    endpoint,
    retriesAfterRepair: endpoint !== null && syncs.retry_after_repair,
  };
}
