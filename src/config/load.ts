import { resolve } from 'node:path';
import type { z } from 'zod';
import type { Config, ProviderConfig } from './config.js';
import type { MailConfig } from './notify-config.js';
import { readConfigFile } from './config-file.js';
import { resolveDatabases } from './databases.js';
import { resolveNotify } from './notify.js';
import { environmentVariables } from './environment.js';
import { readEnvironment, readVariable } from './read-environment.js';
import { toIncidents } from './incidents.js';
import type { ConfigProblem } from './problem.js';
import { resolveProviders } from './providers.js';
import { isMap } from './raw-map.js';
import { environmentSchema, fileSchema } from './schema.js';
import { validate } from './validate.js';

export type LoadedConfig =
  | { readonly ok: true; readonly config: Config; readonly warnings: readonly string[] }
  | { readonly ok: false; readonly problems: readonly ConfigProblem[] };

/** The providers of a user who configures none: what the reference schema holds. */
const defaultProviders = { fathom: { preset: 'fathom' } };

/**
 * Loads the configuration: the environment, over the YAML file, over the defaults. Relative paths
 * start at `cwd`. Nothing that a user can write makes it throw; all that is wrong is in one result.
 */
export function loadConfig(env: NodeJS.ProcessEnv, cwd: string): LoadedConfig {
  const variables = readEnvironment(env, cwd);
  const yaml = readConfigFile(variables.values.CONFIG_FILE, cwd);
  const environment = validate(environmentSchema, variables.values);
  const file = validate(fileSchema, yaml.content);
  const { providers = defaultProviders, poll_interval } = yaml.content;
  const pollInterval =
    variables.values.POLL_INTERVAL ?? poll_interval ?? environmentVariables.POLL_INTERVAL.default;
  const resolved =
    yaml.problems.length === 0 && isMap(providers)
      ? resolveProviders(providers, {
          pollInterval,
          readVariable: (name) => readVariable(name, env, cwd),
        })
      : null;

  const notify = resolveNotify(file.ok ? file.value.notify : null, {
    environment: environment.ok ? environment.value : {},
    providers: isMap(providers) ? Object.keys(providers) : [],
    readVariable: (name) => readVariable(name, env, cwd),
  });

  const databases = resolveDatabases({
    named: file.ok ? file.value.databases : null,
    environment: variables.values,
    misread: variables.problems.map(({ path }) => path),
    providers: isMap(providers) ? providers : {},
    cron: yaml.content['cron'],
    readVariable: (name) => readVariable(name, env, cwd),
    cwd,
  });

  const problems = [
    ...variables.problems,
    ...(environment.ok ? [] : environment.problems),
    ...databases.problems,
    ...yaml.problems,
    ...(file.ok ? [] : file.problems),
    ...(resolved?.problems ?? []),
    ...notify.problems,
  ];
  const { state } = databases;
  if (problems.length > 0 || !environment.ok || !file.ok || !resolved || !state) {
    return { ok: false, problems };
  }
  const overrides = environment.value;
  const { cron } = file.value;
  return {
    ok: true,
    config: {
      databases: databases.databases,
      listen: overrides.LISTEN_ADDRESS ?? file.value.listen_address,
      pollIntervalMs: overrides.POLL_INTERVAL ?? file.value.poll_interval,
      logLevel: overrides.LOG_LEVEL ?? file.value.log_level,
      tokenSeriesLimit: file.value.token_series_limit,
      providers: resolved.providers.map((provider) => overrideRefresh(provider, overrides)),
      // Without tokens beside them nobody wants jobs that nobody has spoken of.
      cron: databases.databases.some(({ name }) => name === cron?.database) ? cron : null,
      state: {
        database: state,
        ledgerRetentionMs: overrides.LEDGER_RETENTION,
      },
      journal: {
        directory: resolve(cwd, overrides.JOURNAL_DIR),
        key: overrides.JOURNAL_KEY ?? null,
        oldKeys: overrides.JOURNAL_KEYS_OLD,
      },
      apiToken: overrides.API_TOKEN ?? null,
      adminToken: overrides.ADMIN_TOKEN ?? null,
      adminHosts: overrides.ADMIN_HOSTS,
      incidents: toIncidents(file.value.incidents, overrides.INCIDENT_GROUP_WAIT),
      notify: notify.config,
      mail: file.value.mail && toMail(file.value.mail),
      smtpUrl: overrides.SMTP_URL ?? null,
    },
    warnings: resolved.warnings.map(({ path, message }) => `${path}: ${message}`),
  };
}

function toMail({
  reconnect_url,
  ...rest
}: NonNullable<z.output<typeof fileSchema>['mail']>): MailConfig {
  return { ...rest, reconnectUrl: reconnect_url };
}

/** The environment wins over the file, for every provider. */
function overrideRefresh(
  provider: ProviderConfig,
  { REFRESH_MODE, INVALID_GRANT_CONFIRM_AFTER }: Partial<z.output<typeof environmentSchema>>,
): ProviderConfig {
  const { refresh } = provider;
  if (refresh === null) return provider;
  return {
    ...provider,
    refresh: {
      ...refresh,
      mode: REFRESH_MODE ?? refresh.mode,
      invalidGrantConfirmAfterMs: INVALID_GRANT_CONFIRM_AFTER ?? refresh.invalidGrantConfirmAfterMs,
    },
  };
}
