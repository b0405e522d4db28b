import type { PeopleTable } from '../config/config.js';
import { readSnapshot } from '../database/read-snapshot.js';
import type { SnapshotSource } from '../database/read-snapshot.js';
import { displayName, readCatalog } from '../observe/catalog.js';
import { readNow } from '../observe/observe.js';
import { statementFailed } from '../observe/statement-failed.js';
import { findReadable, quote, quoteTable } from '../observe/readable-table.js';
import { known } from '../observe/reading.js';
import type { Reading } from '../observe/reading.js';

/** A user of the application. Personal data. */
export interface Person {
  readonly email: string | null;
  readonly name: string | null;
}

/**
 * Reads the people behind subjects, by subject. One who is not found has no entry: that is the LEFT
 * JOIN of the runbook. A name that can't be read is left out; row-level security that may hide
 * people is a note.
 */
export async function readPeople(
  database: SnapshotSource,
  table: PeopleTable,
  subjects: readonly string[],
): Promise<Reading<ReadonlyMap<string, Person>>> {
  return readSnapshot(database, async ({ query, isolated }) => {
    const { role } = await readNow(query, () => 0);
    const catalog = await readCatalog(query, role, [table]);
    const relation = findReadable(table, [table.subject, table.email], catalog);
    if (!relation.known) {
      const isAbsent = relation.state === 'missing' && table.optional;
      return isAbsent
        ? known(new Map(), [`there is no ${displayName(table)}, so nobody's address is known`])
        : relation;
    }
    const { columns, rowSecurity } = relation.value;
    const name =
      table.name !== null && columns.get(table.name)?.selectable === true
        ? `${quote(table.name)}::text`
        : 'NULL::text';
    const subject = `${quote(table.subject)}::text`;
    const read = await isolated(() =>
      query<Person & { subject: string } & Record<string, unknown>>(
        `SELECT ${subject} AS subject, ${quote(table.email)}::text AS email, ${name} AS name
         FROM ${quoteTable(table)} WHERE ${subject} = ANY($1::text[])`,
        [[...new Set(subjects)]],
      ),
    );
    if (!read.ok) return statementFailed(read.error);
    const people = new Map(read.value.map(({ subject, ...person }) => [subject, person]));
    return known(
      people,
      rowSecurity === 'restricted'
        ? [`row-level security of ${displayName(table)} may hide people from the role ${role}`]
        : [],
    );
  });
}
