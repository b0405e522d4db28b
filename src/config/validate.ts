import type { z } from 'zod';
import { formatPath, type ConfigProblem } from './problem.js';

export type Validated<Value> =
  | { readonly ok: true; readonly value: Value }
  | { readonly ok: false; readonly problems: readonly ConfigProblem[] };

/** What is said of a key that is absent. */
export const isRequired = 'is required';

/** Validates `input`, which the user knows under `path`: its value, or all that is wrong with it. */
export function validate<Schema extends z.ZodType>(
  schema: Schema,
  input: unknown,
  path: readonly PropertyKey[] = [],
): Validated<z.output<Schema>> {
  const result = schema.safeParse(input, { error: explain });
  if (result.success) return { ok: true, value: result.data };
  return { ok: false, problems: result.error.issues.flatMap((issue) => toProblems(issue, path)) };
}

const kinds: Readonly<Record<string, string>> = {
  string: 'text (put it in quotes)',
  object: 'a map',
  record: 'a map',
  array: 'a list',
  boolean: 'true or false',
};

/** Our words for the wrong type of a value. What else can be wrong, the schema says itself. */
function explain(issue: z.core.$ZodRawIssue): string | undefined {
  if (issue.code === 'invalid_key') return issue.issues[0]?.message;
  if (issue.code !== 'invalid_type') return undefined;
  return issue.input === undefined
    ? isRequired
    : `must be ${kinds[issue.expected] ?? issue.expected}`;
}

function toProblems(issue: z.core.$ZodIssue, parent: readonly PropertyKey[]): ConfigProblem[] {
  const path = [...parent, ...issue.path];
  if (issue.code === 'invalid_union' && issue.errors.length > 0) {
    // Of the shapes allowed here, speak of the one that was nearly written.
    const nearest = issue.errors.reduce((best, other) =>
      other.length <= best.length ? other : best,
    );
    return nearest.flatMap((inner) => toProblems(inner, path));
  }
  return [{ path: formatPath(path), message: issue.message }];
}
