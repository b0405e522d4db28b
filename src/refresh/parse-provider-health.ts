import { z } from 'zod';
import { failureReasons } from './failure-reason.js';
import { healthyProvider } from './provider-health.js';
import type { ProviderHealth } from './provider-health.js';

const reason = z.enum(failureReasons);

const phase = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('closed') }),
  z.object({ kind: z.literal('suspect'), reason, untilMs: z.number() }),
  z.object({
    kind: z.literal('open'),
    reason,
    untilMs: z.number(),
    confirming: z.string().nullable(),
  }),
  z.object({ kind: z.literal('mass_death') }),
]);

const providerHealth = z.object({
  breaker: z.object({
    phase,
    attempts: z.array(z.object({ reason: reason.nullable(), atMs: z.number() })),
    probe: z.object({ tokenId: z.string(), startedAtMs: z.number() }).nullable(),
    deadCanaries: z.array(z.string()),
  }),
  faults: z.array(z.object({ reason, configurationFingerprint: z.string(), sinceMs: z.number() })),
  // Earlier versions wrote none.
  trials: z
    .array(
      z.object({
        configurationFingerprint: z.string(),
        accepted: z.boolean(),
        trial: z.object({ tokenId: z.string(), startedAtMs: z.number() }).nullable(),
      }),
    )
    .default([]),
  retryAtMs: z.number().nullable(),
}) satisfies z.ZodType<ProviderHealth>;

/**
 * Reads a provider's health back from its row. What can't be read, such as the `{}` of a new row
 * or what another version wrote, is a healthy provider: the worst that follows is a few attempts.
 */
export function parseProviderHealth(json: unknown): ProviderHealth {
  const parsed = providerHealth.safeParse(json);
  return parsed.success ? parsed.data : healthyProvider;
}
