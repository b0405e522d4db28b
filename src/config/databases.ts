import type { z } from 'zod';
import { defaultDatabase } from './config.js';
import type { DatabaseConfig } from './config.js';
import type { databasesSchema } from './databases-schema.js';
import { quote, suggestion, type ConfigProblem } from './problem.js';
import { isMap, type RawMap } from './raw-map.js';
import { certificates, databaseUrl } from './schema.js';
import { readTextFile } from './text-file.js';
import { validate } from './validate.js';

/** What the environment says of databases, where it says it. */
export interface DatabaseVariables {
  readonly DATABASE_URL?: string | undefined;
  readonly DATABASE_CA?: string | undefined;
  readonly STATE_DATABASE_URL?: string | undefined;
}

export interface DatabaseSources {
  /** null: the file could not be read as a whole. */
  readonly named: z.output<typeof databasesSchema> | null;
  readonly environment: DatabaseVariables;
  /** Variables that are set and could not be read, which is a problem already. */
  readonly misread: readonly string[];
  /** The providers and `cron` as the file has them, the preset's included. */
  readonly providers: RawMap;
  readonly cron: unknown;
  readonly readVariable: (name: string) => string | ConfigProblem | null;
  readonly cwd: string;
}

export interface ResolvedDatabases {
  /** Those that are read, that of DATABASE_URL first. */
  readonly databases: readonly DatabaseConfig[];
  /** Where the memory is; null: `problems` say why there is none. */
  readonly state: DatabaseConfig | null;
  readonly problems: readonly ConfigProblem[];
}

/**
 * Finds out which databases are read and where the memory is. DATABASE_URL is needed only where a
 * provider names no other database, or nothing else says where the memory is.
 */
export function resolveDatabases(sources: DatabaseSources): ResolvedDatabases {
  const { environment } = sources;
  const ca = environment.DATABASE_CA ?? null;
  const named = Object.keys(sources.named ?? {});
  const uses = findUses(sources);
  const problems = sources.named === null ? [] : checkUses(uses, named);

  const databases: DatabaseConfig[] = [];
  const { DATABASE_URL: url, STATE_DATABASE_URL: stateUrl } = environment;
  const own =
    url === undefined ? null : { name: defaultDatabase, setting: 'DATABASE_URL', url, ca };
  const needsOwn = uses.some(({ name }) => name === defaultDatabase);
  if (needsOwn && own !== null) databases.push(own);
  for (const [name, { url: reference, ca: authority }] of Object.entries(sources.named ?? {})) {
    const path = `databases.${name}`;
    const namedUrl = readNamed(reference, `${path}.url`, databaseUrl, sources);
    const namedCa = authority === null ? ca : readAuthority(authority, `${path}.ca`, sources);
    if (typeof namedUrl === 'object') problems.push(namedUrl);
    if (namedCa !== null && typeof namedCa === 'object') problems.push(namedCa);
    if (typeof namedUrl === 'object' || (namedCa !== null && typeof namedCa === 'object')) continue;
    databases.push({ name, setting: reference.slice(2, -1), url: namedUrl, ca: namedCa });
  }
  const state =
    stateUrl === undefined
      ? own
      : { name: 'memory', setting: 'STATE_DATABASE_URL', url: stateUrl, ca };
  const isUnset = (name: string) =>
    !sources.misread.includes(name) && !sources.misread.includes(`${name}_FILE`);
  if (own === null && needsOwn) {
    if (isUnset('DATABASE_URL')) problems.push({ path: 'DATABASE_URL', message: urlRequired });
  } else if (state === null && isUnset('DATABASE_URL') && isUnset('STATE_DATABASE_URL')) {
    problems.push({ path: 'STATE_DATABASE_URL', message: memoryRequired });
  }
  return { databases, state, problems };
}

const urlRequired =
  'is required: set it to postgresql://user:password@host:5432/database, or DATABASE_URL_FILE ' +
  'to a file that holds that; `oauth-token-exporter demo` needs no database';

const memoryRequired =
  'is required where DATABASE_URL is not set: set it to the database that is to hold the ' +
  "exporter's memory";

interface Use {
  readonly path: string;
  readonly name: string;
}

/** Who reads which database. Malformed values are problems of the schema, not of this. */
function findUses({ providers, cron }: DatabaseSources): Use[] {
  const uses = Object.entries(providers).flatMap(([provider, mapping]): Use[] => {
    const name = isMap(mapping) ? (mapping['database'] ?? defaultDatabase) : defaultDatabase;
    return typeof name === 'string' ? [{ path: `providers.${provider}.database`, name }] : [];
  });
  // By default jobs are looked for where there are tokens; who writes `cron` wants them looked for.
  const name = isMap(cron) ? (cron['database'] ?? defaultDatabase) : null;
  return typeof name === 'string' ? [...uses, { path: 'cron.database', name }] : uses;
}

function checkUses(uses: readonly Use[], named: readonly string[]): ConfigProblem[] {
  const unknown = uses
    .filter(({ name }) => name !== defaultDatabase && !named.includes(name))
    .map(({ path, name }) => ({
      path,
      message: `no database is named ${quote(name)}, ${suggestion(name, named)}`,
    }));
  const unused = named
    .filter((name) => !uses.some((use) => use.name === name))
    .map((name) => ({
      path: `databases.${name}`,
      message: 'is never used: name it as the database of a provider, or remove it',
    }));
  return [...unknown, ...unused];
}

/** What `${NAME}` stands for, checked; or what is wrong with it. */
function readNamed(
  reference: string,
  path: string,
  schema: z.ZodType,
  { readVariable }: DatabaseSources,
): string | ConfigProblem {
  const variable = reference.slice(2, -1);
  const value = readVariable(variable);
  if (value === null) {
    return { path, message: `names ${variable}, which is not set in the environment` };
  }
  return typeof value === 'string' ? checked(value, variable, schema) : value;
}

/** Certificates by the path of a file, or by a variable as everywhere. */
function readAuthority(
  authority: string,
  path: string,
  sources: DatabaseSources,
): string | ConfigProblem {
  if (authority.startsWith('${')) return readNamed(authority, path, certificates, sources);
  const file = readTextFile(authority, sources.cwd);
  return file.ok ? checked(file.text, path, certificates) : { path, message: file.message };
}

function checked(value: string, path: string, schema: z.ZodType): string | ConfigProblem {
  const validated = validate(schema, value, [path]);
  return validated.ok ? value : { path, message: validated.problems[0]?.message ?? 'is not valid' };
}
