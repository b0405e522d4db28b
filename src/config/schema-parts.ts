import { z } from 'zod';
import type { ColumnRef, TableName } from './config.js';
import { durationForm, isDuration, toMs } from './duration.js';
import { quote } from './problem.js';

/** Text that `read` understands, which is `form`; `read` answers null for what it does not. */
export function textAs<Value>(read: (text: string) => Value | null, form: string) {
  const problem = (input: unknown) => `${quote(input)} is not ${form}`;
  return z
    .string({ error: ({ input }) => (input === undefined ? undefined : problem(input)) })
    .transform((text, context): Value => {
      const value = read(text);
      if (value !== null) return value;
      context.addIssue(problem(text));
      return z.NEVER;
    });
}

/** A name as Postgres has them, upper case and every alphabet included; never with a dot. */
const namePattern = /^[\p{L}_][\p{L}\p{N}_$-]{0,62}$/u;

export const name = textAs((text) => (namePattern.test(text) ? text : null), 'a name');

/** Reads `name` or `qualifier.name`. */
function parseQualified(text: string): [name: string, qualifier: string | null] | null {
  const [first = '', second, ...more] = text.split('.');
  if (more.length > 0 || !namePattern.test(first)) return null;
  if (second === undefined) return [first, null];
  return namePattern.test(second) ? [second, first] : null;
}

export const table = textAs((text): TableName | null => {
  const [table, schema] = parseQualified(text) ?? [];
  return table === undefined ? null : { schema: schema ?? 'public', table };
}, 'a table: write table or schema.table');

export const column = textAs((text): ColumnRef | null => {
  const [column, join] = parseQualified(text) ?? [];
  return column === undefined ? null : { join: join ?? null, column };
}, 'a column: write column, or join.column for one of a joined table');

/** In milliseconds. */
export const duration = textAs(
  (text) => (isDuration(text) ? toMs(text) : null),
  `a duration: write ${durationForm}`,
);

/** The values of a column that are meant: at least one. */
export const values = z.array(z.string()).min(1, 'must list at least one value');

/** Of a table: whether it may be missing. */
export const optional = z.boolean().default(false);

/** Whether a name is an IANA time zone that this runtime knows. */
export function isTimeZone(name: string): boolean {
  try {
    new Intl.DateTimeFormat('en', { timeZone: name });
    return true;
  } catch {
    return false;
  }
}

export const texts = z.record(z.string(), z.string()).default({});

const concurrencyRange = 'must be a whole number from 1 to 64';

/** How many requests may be in flight at a time. */
export const concurrency = z
  .int(concurrencyRange)
  .min(1, concurrencyRange)
  .max(64, concurrencyRange);
