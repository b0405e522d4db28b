import { isMap } from './raw-map.js';

export interface Interpolated {
  readonly value: unknown;
  /** Variables that are named without a default and are not set. */
  readonly missing: readonly string[];
}

const reference = /\$\{([A-Z][A-Z0-9_]*)(?::-([^}]*))?\}/g;

/**
 * Puts environment variables into the texts of a YAML value: `${NAME}`, or `${NAME:-default}`.
 *
 * So a file can name a secret without holding it, and a preset can describe what becomes possible
 * once its variables are set. `read` answers null for a variable that is not set.
 */
export function interpolate(
  value: unknown,
  read: (variable: string) => string | null,
): Interpolated {
  const missing = new Set<string>();
  const walk = (part: unknown): unknown => {
    if (typeof part === 'string') {
      return part.replaceAll(reference, (_, variable: string, fallback?: string) => {
        const found = read(variable) ?? fallback;
        if (found === undefined) missing.add(variable);
        return found ?? '';
      });
    }
    if (Array.isArray(part)) return part.map(walk);
    if (isMap(part)) {
      return Object.fromEntries(Object.entries(part).map(([key, each]) => [key, walk(each)]));
    }
    return part;
  };
  return { value: walk(value), missing: [...missing] };
}
