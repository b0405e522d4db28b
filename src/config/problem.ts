import { closest, distance } from 'fastest-levenshtein';

/**
 * One thing that is wrong with the configuration: where it is (the path of a key, the name of a
 * variable or of a file) and what would be right. Never holds the value of a secret.
 */
export interface ConfigProblem {
  readonly path: string;
  readonly message: string;
}

/** The problems as people read them: one per line, the path first, their number at the end. */
export function formatProblems(problems: readonly ConfigProblem[]): string {
  const count = problems.length === 1 ? '1 problem' : `${String(problems.length)} problems`;
  const lines = problems.map(({ path, message }) => `${path}: ${message}`);
  return [...lines, `${count} in the configuration`].join('\n');
}

/** A path as the documentation writes it: `providers.fathom.syncs.last_success[0].at`. */
export function formatPath(path: readonly PropertyKey[]): string {
  return path
    .map((key) => {
      if (typeof key === 'number') return `[${String(key)}]`;
      const name = String(key);
      return /^[\w-]+$/.test(name) ? `.${name}` : `[${quote(name)}]`;
    })
    .join('')
    .replace(/^\./, '');
}

/** What to say of a name that is none of `known`: the one probably meant, or else all of them. */
export function suggestion(name: string, known: readonly string[]): string {
  if (known.length === 0) return 'none is defined';
  const near = closest(name, known);
  return distance(name, near) <= Math.ceil(name.length / 3)
    ? `did you mean "${near}"?`
    : `expected one of: ${known.join(', ')}`;
}

/** What somebody wrote, for use in a message. A URL may hold a password: it is not shown. */
export function quote(value: unknown): string {
  if (value === null) return 'an empty value';
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  const isShown = typeof value === 'string' && value.length <= 60 && !value.includes('://');
  return isShown ? JSON.stringify(value) : 'the value';
}
