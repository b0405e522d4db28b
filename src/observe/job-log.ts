import type { JobLog } from '../config/jobs-config.js';
import type { Query } from '../database/read-snapshot.js';
import type { Catalog } from './catalog.js';
import { epochMs, instantParameter } from './instant-sql.js';
import { cleanMessage, messageCharacters } from './job-message.js';
import {
  findReadable,
  hiddenRows,
  readableInstant,
  quote,
  quoteLiteral,
  quoteTable,
} from './readable-table.js';
import { known } from './reading.js';
import type { Reading } from './reading.js';

/** What a job wrote of its own runs lately. */
export interface LoggedJob {
  readonly name: string;
  readonly lastSuccessAtMs: number | null;
  readonly lastFailure: { readonly atMs: number; readonly message: string } | null;
}

/** Names of jobs in a log are data: no more than so many are told apart. */
const mostJobs = 50;

/** Reads what each job logged since `since`: its last success, and its last failure with the message. */
export async function readJobLog(
  query: Query,
  catalog: Catalog,
  log: JobLog,
  since: Date,
): Promise<Reading<readonly LoggedJob[]>> {
  const found = findReadable(log, [log.job, log.at, log.status, log.message], catalog);
  if (!found.known) return found;
  if (found.value.rowSecurity === 'restricted') return hiddenRows(log, catalog.role);
  const at = readableInstant(log, log.at, found.value);
  if (!at.known) return at;
  const isOneOf = (values: readonly string[]) =>
    `status IN (${values.map(quoteLiteral).join(', ')})`;
  const rows = await query<{
    name: string;
    success_ms: number | null;
    failure_ms: number | null;
    message: string | null;
  }>(
    `SELECT name, ${epochMs(`max(at) FILTER (WHERE ${isOneOf(log.succeeded)})`)} AS success_ms,
            ${epochMs(`max(at) FILTER (WHERE ${isOneOf(log.failed)})`)} AS failure_ms,
            (array_agg(left(message, ${String(messageCharacters)}) ORDER BY at DESC)
               FILTER (WHERE ${isOneOf(log.failed)}))[1] AS message
     FROM (SELECT ${quote(log.job)}::text AS name, ${at.value} AS at, ${quote(log.status)}::text AS status,
                  ${quote(log.message)}::text AS message
           FROM ${quoteTable(log)}) AS log
     WHERE at > $1::timestamptz AND name IS NOT NULL
     GROUP BY name ORDER BY max(at) DESC LIMIT ${String(mostJobs)}`,
    [instantParameter(since.getTime())],
  );
  return known(
    rows.map(({ name, success_ms, failure_ms, message }) => ({
      name,
      lastSuccessAtMs: success_ms,
      lastFailure:
        failure_ms === null ? null : { atMs: failure_ms, message: cleanMessage(message ?? '') },
    })),
  );
}
