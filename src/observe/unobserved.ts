import type { Config } from '../config/config.js';
import type { DatabaseError } from '../database/explain-database-error.js';
import { configuredSources } from './observe.js';
import type { Observation } from './observe.js';
import { unknown } from './reading.js';
import type { Unknown } from './reading.js';

/** What is known of whatever lies in a database that can't be used: why, and what to do. */
export function unreachable({ failure }: DatabaseError): Unknown {
  return unknown('unreachable', failure.message, failure.remedy);
}

/** What `observe` would tell of these providers, and of these jobs, if nothing could be read. */
export function unobserved(
  config: Config,
  lost: Unknown,
): Pick<Observation, 'providers' | 'surroundings'> {
  const orNull = (configured: unknown) => (configured == null ? null : lost);
  return {
    providers: config.providers.map(({ name, syncs }) => ({
      name,
      tokens: lost,
      syncs: syncs === null ? null : { lag: lost, stuck: null, failures: null },
      sources: [],
    })),
    surroundings: {
      cron: config.cron === null ? null : { jobs: lost, runs: lost, responses: lost, sources: [] },
      providers: new Map(
        config.providers.map(({ name, jobs, webhooks, syncs }) => [
          name,
          {
            jobLog: orNull(jobs?.log),
            arrivals: orNull(webhooks?.arrivals),
            events: orNull(webhooks?.events),
            stored: orNull(syncs?.stored),
            expiryDays: lost,
          },
        ]),
      ),
      sources: configuredSources(config).map((source) => ({ ...source, reading: lost })),
    },
  };
}
