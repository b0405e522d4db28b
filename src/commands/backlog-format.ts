import type { Backlog, BacklogSubject } from '../observe/backlog.js';
import type { BacklogFacts } from './backlog-facts.js';
import { formatInstant, isoInstant } from '../config/format-instant.js';
import { plural } from '../config/plural.js';
import { printable } from './printable.js';
import { formatTable } from './table.js';
import { unreadOf } from './unread-provider.js';

/** `12 without transcript_text, 9 without summary`: what there is none of is not mentioned. */
export function describeMissing(columns: readonly string[], missing: readonly number[]): string {
  return columns
    .map((column, index) => ({ column, count: missing[index] ?? 0 }))
    .filter(({ count }) => count > 0)
    .map(({ column, count }) => `${String(count)} without ${column}`)
    .join(', ');
}

/** `41 rows of 7 users: 37 without transcript_text, 9 without summary`. */
export function describeBacklog({ columns, subjects }: Backlog): string {
  const rows = subjects.reduce((sum, subject) => sum + subject.rows, 0);
  if (rows === 0) return 'nothing is missing';
  const missing = columns.map((_, index) =>
    subjects.reduce((sum, subject) => sum + (subject.missing[index] ?? 0), 0),
  );
  return (
    `${plural(rows, 'row')} of ${plural(subjects.length, 'user')}: ` +
    describeMissing(columns, missing)
  );
}

/** The table of `backlog`, whoever waits longest first, and a line for each provider. */
export function formatBacklog(facts: readonly BacklogFacts[]): string {
  const rows = facts.flatMap(({ provider, backlog, askedAtMs }) =>
    backlog.known
      ? backlog.value.subjects.map((subject) => [
          provider.name,
          subject.subject ?? '(nobody)',
          String(subject.rows),
          describeMissing(backlog.value.columns, subject.missing),
          formatInstant(subject.oldestAtMs) ?? '',
          formatInstant(subject.newestAtMs) ?? '',
          tokenWord(subject),
          formatInstant(askedFor(subject, askedAtMs)) ?? '',
        ])
      : [],
  );
  const header = ['provider', 'user_id', 'rows', 'missing', 'oldest', 'newest', 'token', 'asked'];
  const summaries = facts.flatMap(({ provider, backlog, sinceMs }) =>
    backlog.known
      ? [
          printable(
            `${provider.name}, since ${formatInstant(sinceMs) ?? ''}: ${describeBacklog(backlog.value)}`,
          ),
        ]
      : [],
  );
  return [
    ...(rows.length === 0 ? [] : [formatTable(header, rows), '']),
    ...summaries.map((line) => `${line}\n`),
  ]
    .join('\n')
    .replaceAll('\n\n\n', '\n\n');
}

/** The same for programs. */
export function backlogJson(facts: readonly BacklogFacts[]): string {
  const providers = facts.flatMap(({ provider, backlog, now, sinceMs, askedAtMs }) => {
    if (!backlog.known) return [];
    const { columns, subjects } = backlog.value;
    const counts = (missing: readonly number[]) =>
      Object.fromEntries(columns.map((column, index) => [column, missing[index] ?? 0]));
    return [
      {
        provider: provider.name,
        now: now.toISOString(),
        since: isoInstant(sinceMs),
        not_known: (provider.backlog?.missing ?? []).filter((column) => !columns.includes(column)),
        users: subjects.map((subject) => ({
          user_id: subject.subject,
          rows: subject.rows,
          missing: counts(subject.missing),
          oldest_at: isoInstant(subject.oldestAtMs),
          newest_at: isoInstant(subject.newestAtMs),
          tokens: subject.tokens.map(({ id, active }) => ({ token_id: id, is_active: active })),
          asked_at: isoInstant(askedFor(subject, askedAtMs)),
        })),
      },
    ];
  });
  const unknown = facts.flatMap(({ provider, backlog }) => unreadOf(provider, backlog));
  return `${JSON.stringify({ providers, unknown }, null, 2)}\n`;
}

function tokenWord({ tokens }: BacklogSubject): string {
  if (tokens.length === 0) return 'none';
  return tokens.some(({ active }) => active) ? 'active' : 'inactive';
}

function askedFor(
  { tokens }: BacklogSubject,
  askedAtMs: ReadonlyMap<string, number>,
): number | null {
  const asked = tokens.flatMap(({ id }) => askedAtMs.get(id) ?? []);
  return asked.length === 0 ? null : Math.max(...asked);
}
