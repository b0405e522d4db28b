import type { Config } from '../config/config.js';

/** The part of a configuration that one database is read by: its providers, and jobs if it has them. */
export function ofDatabase<C extends Pick<Config, 'providers' | 'cron'>>(
  config: C,
  database: string,
): C {
  return {
    ...config,
    providers: config.providers.filter((provider) => provider.database === database),
    cron: config.cron?.database === database ? config.cron : null,
  };
}
