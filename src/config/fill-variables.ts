import { interpolate } from './interpolate.js';
import { formatPath, type ConfigProblem } from './problem.js';
import type { RawMap } from './raw-map.js';

/**
 * Puts environment variables into the texts of a mapping, key by key.
 *
 * A key that names a variable that is not set becomes null: a preset may offer what is not possible
 * here. In `own`, what the user's own file says, the same is a problem.
 */
export function fillVariables(
  mapping: RawMap,
  {
    own,
    path,
    readVariable,
  }: {
    readonly own: RawMap | undefined;
    readonly path: readonly PropertyKey[];
    readonly readVariable: (name: string) => string | ConfigProblem | null;
  },
): { readonly mapping: RawMap; readonly problems: readonly ConfigProblem[] } {
  const problems: ConfigProblem[] = [];
  const read = (name: string): string | null => {
    const value = readVariable(name);
    if (value === null || typeof value === 'string') return value;
    problems.push(value);
    return null;
  };
  const entries = Object.entries(mapping).map(([key, value]): [string, unknown] => {
    const { value: filled, missing } = interpolate(value, read);
    if (missing.length === 0) return [key, filled];
    if (own !== undefined && Object.hasOwn(own, key)) {
      const message = `names ${missing.join(' and ')}, which is not set in the environment`;
      problems.push({ path: formatPath([...path, key]), message });
    }
    return [key, null];
  });
  return { mapping: Object.fromEntries(entries), problems };
}
