import { verifyCronJobs } from '../remedy/verify-cron.js';
import type { VerifyCheck } from '../remedy/verify-check.js';
import { verifyJobLog } from '../remedy/verify-job-log.js';
import { verifyReconnections } from '../remedy/verify-reconnections.js';
import { verifyStatuses } from '../remedy/verify-statuses.js';
import { verifyOneSync, verifySyncs } from '../remedy/verify-syncs.js';
import type { OneSync } from '../remedy/verify-syncs.js';
import { verifyWebhooks } from '../remedy/verify-webhooks.js';
import type { ProviderFacts, VerifyFacts } from './verify-facts.js';

/** Makes every check from what was read, in the runbook's order. Pure. */
export function makeChecks(
  facts: VerifyFacts,
  sinceMs: number | null,
  oneSync: ReadonlyMap<string, OneSync>,
): VerifyCheck[] {
  const { config, observation, assessment, memoryProblem, rememberedJobs, providers } = facts;
  const { now, surroundings } = observation;
  const nowMs = now.getTime();
  const each = (make: (provider: ProviderFacts) => VerifyCheck) => providers.map(make);
  const observedOf = (name: string) => {
    const observed = observation.providers.find((provider) => provider.name === name);
    if (observed === undefined) throw new TypeError(`the provider ${name} was not observed`);
    return observed;
  };
  const assessedOf = (name: string) => assessment.providers.get(name) ?? null;
  return [
    ...each(({ provider }) =>
      verifyStatuses({
        provider,
        tokens: observedOf(provider.name).tokens,
        assessed: assessedOf(provider.name),
        memoryProblem,
        now,
      }),
    ),
    ...each(({ provider: { name }, tokens, remembered }) => {
      const read = observedOf(name).tokens;
      return verifyReconnections({ provider: name, read, tokens, remembered, sinceMs, nowMs });
    }),
    ...each(({ provider: { name, syncs } }) =>
      verifySyncs({
        provider: name,
        config: syncs,
        tokens: observedOf(name).tokens,
        observed: observedOf(name).syncs,
        assessed: assessedOf(name),
      }),
    ),
    ...each(({ provider: { name } }) =>
      verifyOneSync(name, oneSync.get(name) ?? { kind: 'no_endpoint' }),
    ),
    verifyCronJobs({
      config: config.cron,
      observed: surroundings.cron,
      assessed: assessment.cron,
      providers: config.providers,
      rememberedJobs,
      nowMs,
    }),
    ...each(({ provider: { name, jobs } }) =>
      verifyJobLog({
        provider: name,
        isOptional: jobs?.log?.optional ?? true,
        observed: surroundings.providers.get(name)?.jobLog ?? null,
        assessed: assessment.cron?.logs.get(name) ?? [],
        nowMs,
      }),
    ),
    ...each(({ provider: { name, webhooks } }) =>
      verifyWebhooks({
        provider: name,
        config: webhooks,
        observed: surroundings.providers.get(name) ?? null,
        assessed: assessedOf(name)?.webhooks ?? null,
        nowMs,
      }),
    ),
  ];
}
