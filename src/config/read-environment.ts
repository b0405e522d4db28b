import { environmentVariables } from './environment.js';
import type { EnvironmentName, EnvironmentVariable } from './environment.js';
import type { ConfigProblem } from './problem.js';
import { readTextFile } from './text-file.js';

export interface Environment {
  /** The values that are set, read from their files where there are files. */
  readonly values: Readonly<Partial<Record<EnvironmentName, string>>>;
  readonly problems: readonly ConfigProblem[];
}

/** Reads the variables of the table. An empty variable counts as unset. */
export function readEnvironment(env: NodeJS.ProcessEnv, cwd: string): Environment {
  const values: Partial<Record<EnvironmentName, string>> = {};
  const problems: ConfigProblem[] = [];
  for (const name of Object.keys(environmentVariables) as EnvironmentName[]) {
    const read = readVariable(name, env, cwd);
    if (typeof read === 'string') values[name] = read;
    else if (read !== null) problems.push(read);
  }
  return { values, problems };
}

/**
 * The value of a variable, null when it is unset, or what is wrong with it. One that is
 * not in the table, which a file names for itself, may be a secret and so may come from a file.
 */
export function readVariable(
  name: string,
  env: NodeJS.ProcessEnv,
  cwd: string,
): string | ConfigProblem | null {
  const variable: EnvironmentVariable = Object.hasOwn(environmentVariables, name)
    ? environmentVariables[name as EnvironmentName]
    : { secret: true, file: true, default: null, description: '' };
  const value = env[name] ?? '';
  const path = variable.file ? (env[`${name}_FILE`] ?? '') : '';
  if (value !== '' && path !== '') {
    return { path: name, message: `is set, and so is ${name}_FILE: set only one of them` };
  }
  if (path !== '') return readValueFile(path, cwd, `${name}_FILE`);
  if (value === '') return null;
  return variable.isPath?.(value) ? readValueFile(value, cwd, name) : value;
}

function readValueFile(file: string, cwd: string, variable: string): string | ConfigProblem {
  const read = readTextFile(file, cwd);
  if (!read.ok) return { path: variable, message: read.message };
  const value = read.text.replace(/[\r\n]+$/, '');
  return value === '' ? { path: variable, message: `${file} is empty` } : value;
}
