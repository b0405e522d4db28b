import type { Config } from '../config/config.js';
import type { DatabaseOf } from '../database/databases.js';
import { readEach } from '../database/read-each.js';
import { observe } from './observe.js';
import type { Observation } from './observe.js';
import { ofDatabase } from './of-database.js';
import { unobserved, unreachable } from './unobserved.js';

/**
 * Observes every database that these providers are in, at the same time and each in a snapshot of
 * its own, and tells it as one observation: for whoever looks once. Its instant is that of the clock
 * that is ahead. Of a database that can't be used everything is unknown; throws `DatabaseError` when
 * none can.
 */
export async function observeDatabases(
  databaseOf: DatabaseOf,
  config: Config,
  localClockMs: () => number,
): Promise<Observation> {
  const used = config.databases
    .map(({ name }) => ({ database: name }))
    .filter(
      ({ database }) =>
        database === config.cron?.database ||
        config.providers.some((provider) => provider.database === database),
    );
  const readings = await readEach(databaseOf, used, (source, [one]) =>
    observe(source, ofDatabase(config, one?.database ?? ''), new Set(), localClockMs, true),
  );
  const observed = readings.flatMap((each) => (each.ok ? [each.value] : []));
  const latest = observed.reduce((a, b) => (b.now > a.now ? b : a));
  const lost = readings.flatMap((each) =>
    each.ok
      ? []
      : each.providers.map(({ database }) =>
          unobserved(ofDatabase(config, database), unreachable(each.error)),
        ),
  );
  const parts = [...observed, ...lost];
  const all = parts.map(({ surroundings }) => surroundings);
  return {
    now: latest.now,
    clockSkewMs: latest.clockSkewMs,
    providers: config.providers.flatMap(({ name }) =>
      parts.flatMap(({ providers }) => providers.filter((each) => each.name === name)),
    ),
    surroundings: {
      cron: all.find(({ cron }) => cron !== null)?.cron ?? null,
      providers: new Map(all.flatMap(({ providers }) => [...providers])),
      sources: all.flatMap(({ sources }) => sources),
    },
  };
}
