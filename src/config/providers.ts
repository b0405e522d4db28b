import type { z } from 'zod';
import type { ProviderConfig } from './config.js';
import { checkConsistency } from './consistency.js';
import { presetNames, readPreset } from './presets.js';
import { formatPath, quote, suggestion, type ConfigProblem } from './problem.js';
import { isMap, type RawMap } from './raw-map.js';
import { resolveRefresh, toRefresh } from './refresh.js';
import { providerSchema } from './schema.js';
import { resolveSyncs, toSyncs } from './syncs.js';
import { isRequired, validate } from './validate.js';

/** The providers that could be resolved, and everything that is to be said of all of them. */
export interface ResolvedProviders {
  readonly providers: readonly ProviderConfig[];
  readonly problems: readonly ConfigProblem[];
  readonly warnings: readonly ConfigProblem[];
}

/** What a provider's mapping may refer to beside itself. */
export interface Surroundings {
  readonly pollInterval: unknown;
  /** The value of an environment variable, null when it is unset, or what is wrong with it. */
  readonly readVariable: (name: string) => string | ConfigProblem | null;
}

/** Resolves the providers of the file, each over its preset if it names one. */
export function resolveProviders(raw: RawMap, surroundings: Surroundings): ResolvedProviders {
  const entries = Object.entries(raw);
  if (entries.length === 0) {
    return failed({ path: 'providers', message: 'must name at least one provider' });
  }
  const resolved = entries.map(([name, own]) => resolveProvider(name, own, surroundings));
  return {
    providers: resolved.flatMap(({ providers }) => providers),
    problems: resolved.flatMap(({ problems }) => problems),
    warnings: resolved.flatMap(({ warnings }) => warnings),
  };
}

function resolveProvider(
  name: string,
  own: unknown,
  { pollInterval, readVariable }: Surroundings,
): ResolvedProviders {
  const path = ['providers', name];
  const nameProblems = checkName(name, path);
  if (!isMap(own)) {
    const message = 'must be a map with a preset, or with a table and its columns';
    return failed(...nameProblems, { path: formatPath(path), message });
  }
  const { base, problems: presetProblems } = findPreset(own['preset'], path);
  const refresh = resolveRefresh({
    preset: base?.['refresh'],
    own: own['refresh'],
    path: [...path, 'refresh'],
    readVariable,
  });
  const syncs = resolveSyncs({
    preset: base?.['syncs'],
    own: own['syncs'],
    path: [...path, 'syncs'],
    readVariable,
  });
  const mapping = {
    ...overridePreset(base ?? {}, own),
    refresh: refresh.mapping,
    syncs: syncs.mapping,
  };
  const validated = validate(providerSchema, mapping, path);
  const consistency = checkConsistency(mapping, { path, own, pollInterval });
  return {
    providers: validated.ok ? [toProvider(name, validated.value)] : [],
    problems: [
      ...nameProblems,
      ...presetProblems,
      ...refresh.problems,
      ...syncs.problems,
      ...(validated.ok ? [] : validated.problems).filter(
        // Nothing can be called absent that an unknown preset might have given.
        ({ message }) => base !== null || message !== isRequired,
      ),
      ...consistency.problems,
    ],
    warnings: consistency.warnings,
  };
}

function failed(...problems: ConfigProblem[]): ResolvedProviders {
  return { providers: [], problems, warnings: [] };
}

function checkName(name: string, path: readonly PropertyKey[]): ConfigProblem[] {
  if (/^[a-z][a-z0-9_-]*$/.test(name)) return [];
  const message = 'a provider name is lower-case letters, digits, _ and -, a letter first';
  return [{ path: formatPath(path), message }];
}

/** The mapping that a provider starts from; null when it names a preset that does not exist. */
function findPreset(
  preset: unknown,
  path: readonly PropertyKey[],
): { base: RawMap | null; problems: ConfigProblem[] } {
  // Anything but text is a problem of the schema.
  if (typeof preset !== 'string') return { base: {}, problems: [] };
  const known = presetNames();
  if (known.includes(preset)) return { base: readPreset(preset), problems: [] };
  const message = `there is no preset ${quote(preset)}, ${suggestion(preset, known)}`;
  return { base: null, problems: [{ path: formatPath([...path, 'preset']), message }] };
}

/** Key by key, and `columns` column by column, what the user writes replaces what the preset says. */
function overridePreset(preset: RawMap, own: RawMap): RawMap {
  const merged = { ...preset, ...own };
  return isMap(preset['columns']) && isMap(own['columns'])
    ? { ...merged, columns: { ...preset['columns'], ...own['columns'] } }
    : merged;
}

function toProvider(
  name: string,
  { table, joins, columns, syncs, refresh, people, ...rest }: z.output<typeof providerSchema>,
): ProviderConfig {
  return {
    name,
    database: rest.database,
    tokens: {
      ...table,
      joins,
      columns: {
        id: columns.id,
        subject: columns.subject,
        account: columns.account,
        expiresAt: columns.expires_at,
        active: columns.active,
        accessToken: columns.access_token,
        refreshToken: columns.refresh_token,
        hasRefreshToken: columns.has_refresh_token,
        status: columns.status,
        createdAt: columns.created_at,
        updatedAt: columns.updated_at,
      },
    },
    expiringSoonMs: rest.expiring_soon,
    declaredLifetimeMs: rest.declared_lifetime,
    syncs: syncs && toSyncs(syncs),
    refresh: refresh && toRefresh(refresh),
    people,
    jobs: rest.jobs,
    backlog: rest.backlog,
    webhooks: rest.webhooks && {
      arrivals: rest.webhooks.arrivals,
      events: rest.webhooks.events,
      windowMs: rest.webhooks.window,
      silentAfterMs: rest.webhooks.silent_after,
      delayedAfterMs: rest.webhooks.delayed_after,
    },
  };
}
