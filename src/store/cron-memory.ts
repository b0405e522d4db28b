import type { Pool } from 'pg';
import type { Query } from '../database/read-snapshot.js';
import { writeTransaction } from '../database/write-transaction.js';
import { runOutcomes } from './cron-knowledge.js';
import type { CronKnowledge, KnownJob, RunOutcome } from './cron-knowledge.js';
import { stateSchema } from './migrate.js';

/**
 * Takes over what `learn` makes of what is remembered of cron jobs, and returns it.
 *
 * The cursor's row is locked, so that replicas learn one after the other and each sees what the
 * one before it counted.
 */
export async function rememberCron(
  pool: Pool,
  learn: (before: CronKnowledge) => CronKnowledge,
): Promise<CronKnowledge> {
  return writeTransaction(pool, async (query) => {
    const before = await readCronKnowledge(query, 'FOR UPDATE');
    const after = learn(before);
    await writeJobs(query, before.jobs, after.jobs);
    await writeCounts(query, before, after);
    return after;
  });
}

/** Reads what is remembered of cron jobs; `FOR UPDATE` keeps others from learning meanwhile. */
export async function readCronKnowledge(
  query: Query,
  lock: '' | 'FOR UPDATE' = '',
): Promise<CronKnowledge> {
  const [cursor] = await query<{ last_run_id: number | null; open_run_ids: number[] }>(
    `SELECT last_run_id::float8 AS last_run_id, open_run_ids::float8[] AS open_run_ids
     FROM ${stateSchema}.cron_cursor ${lock}`,
  );
  const jobs = await query<KnownJob & Record<string, unknown>>(
    `SELECT name, schedule, active,
            ${ms('scheduled_since')} AS "scheduledSinceMs", ${ms('last_run_at')} AS "lastRunAtMs",
            ${ms('last_success_at')} AS "lastSuccessAtMs",
            ${ms('deactivated_at')} AS "deactivatedAtMs", ${ms('gone_at')} AS "goneAtMs"
     FROM ${stateSchema}.cron_jobs`,
  );
  const runs = await query<{ name: string; outcome: RunOutcome; runs: number }>(
    `SELECT name, outcome, runs::float8 AS runs FROM ${stateSchema}.cron_runs`,
  );
  const totals = new Map<string, Record<RunOutcome, number>>();
  for (const { name, outcome, runs: total } of runs) {
    totals.set(name, { succeeded: 0, failed: 0, ...totals.get(name), [outcome]: total });
  }
  return {
    jobs: new Map(jobs.map((job) => [job.name, job])),
    cursor:
      cursor?.last_run_id == null
        ? null
        : { lastRunId: cursor.last_run_id, openRunIds: cursor.open_run_ids },
    totals,
  };
}

async function writeJobs(
  query: Query,
  before: ReadonlyMap<string, KnownJob>,
  after: ReadonlyMap<string, KnownJob>,
): Promise<void> {
  const changed = [...after.values()].filter((job) => !isSame(job, before.get(job.name)));
  const forgotten = [...before.keys()].filter((name) => !after.has(name));
  if (changed.length > 0) await query(writeJobsSql, [JSON.stringify(changed.map(toRow))]);
  if (forgotten.length > 0) {
    await query(`DELETE FROM ${stateSchema}.cron_jobs WHERE name = ANY($1)`, [forgotten]);
  }
}

const writeJobsSql = `
INSERT INTO ${stateSchema}.cron_jobs
SELECT * FROM jsonb_populate_recordset(NULL::${stateSchema}.cron_jobs, $1::jsonb)
ON CONFLICT (name) DO UPDATE SET
  schedule = excluded.schedule, active = excluded.active,
  scheduled_since = excluded.scheduled_since, last_run_at = excluded.last_run_at,
  last_success_at = excluded.last_success_at, deactivated_at = excluded.deactivated_at,
  gone_at = excluded.gone_at`;

function toRow(job: KnownJob): Record<string, unknown> {
  const at = (instantMs: number | null) =>
    instantMs === null ? null : new Date(instantMs).toISOString();
  return {
    name: job.name,
    schedule: job.schedule,
    active: job.active,
    scheduled_since: at(job.scheduledSinceMs),
    last_run_at: at(job.lastRunAtMs),
    last_success_at: at(job.lastSuccessAtMs),
    deactivated_at: at(job.deactivatedAtMs),
    gone_at: at(job.goneAtMs),
  };
}

function isSame(job: KnownJob, other: KnownJob | undefined): boolean {
  return (
    other !== undefined &&
    (Object.keys(job) as (keyof KnownJob)[]).every((key) => job[key] === other[key])
  );
}

async function writeCounts(
  query: Query,
  before: CronKnowledge,
  { cursor, totals }: CronKnowledge,
): Promise<void> {
  if (cursor !== null && cursor !== before.cursor) {
    await query(
      `UPDATE ${stateSchema}.cron_cursor SET last_run_id = $1, open_run_ids = $2::bigint[]
       WHERE last_run_id IS DISTINCT FROM $1 OR open_run_ids <> $2::bigint[]`,
      [cursor.lastRunId, cursor.openRunIds],
    );
  }
  const grown = [...totals].flatMap(([name, counts]) =>
    runOutcomes
      .filter((outcome) => counts[outcome] !== before.totals.get(name)?.[outcome])
      .map((outcome) => ({ name, outcome, runs: counts[outcome] })),
  );
  if (grown.length === 0) return;
  await query(
    `INSERT INTO ${stateSchema}.cron_runs
     SELECT * FROM jsonb_populate_recordset(NULL::${stateSchema}.cron_runs, $1::jsonb)
     ON CONFLICT (name, outcome) DO UPDATE SET runs = excluded.runs`,
    [JSON.stringify(grown)],
  );
}

function ms(column: string): string {
  return `floor(extract(epoch FROM ${column}) * 1000)::float8`;
}
