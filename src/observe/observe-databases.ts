import type { Config } from '../config/config.js';
import type { DatabaseOf } from '../database/databases.js';
import { observe } from './observe.js';
import type { Observation } from './observe.js';
import { ofDatabase } from './of-database.js';

/**
 * Observes every database that these providers are in, at the same time and each in a snapshot of
 * its own, and tells it as one observation: for whoever looks once. Its instant is that of the clock
 * that is ahead. Throws `DatabaseError` when one of them can't be used.
 */
export async function observeDatabases(
  databaseOf: DatabaseOf,
  config: Config,
  localClockMs: () => number,
): Promise<Observation> {
  const used = config.databases.filter(
    ({ name }) =>
      name === config.cron?.database || config.providers.some(({ database }) => database === name),
  );
  const observations = await Promise.all(
    used.map(({ name: database }) => {
      const mine = ofDatabase(config, database);
      return observe(databaseOf({ database }), mine, new Set(), localClockMs, true);
    }),
  );
  const latest = observations.reduce((a, b) => (b.now > a.now ? b : a));
  const all = observations.map(({ surroundings }) => surroundings);
  return {
    now: latest.now,
    clockSkewMs: latest.clockSkewMs,
    providers: config.providers.flatMap(({ name }) =>
      observations.flatMap(({ providers }) => providers.filter((each) => each.name === name)),
    ),
    surroundings: {
      cron: all.find(({ cron }) => cron !== null)?.cron ?? null,
      providers: new Map(all.flatMap(({ providers }) => [...providers])),
      sources: all.flatMap(({ sources }) => sources),
    },
  };
}
