import { Counter } from 'prom-client';
import type { Registry } from 'prom-client';
import type { CronAssessment } from '../assess/cron.js';
import { cronProblemReasons } from '../assess/cron-problem.js';
import type { CronProblem } from '../assess/cron-problem.js';
import { runOutcomes } from '../store/cron-knowledge.js';
import { gauge } from './gauge.js';

/** Metrics of the scheduler's jobs. */
export interface CronMetrics {
  readonly record: (cron: CronAssessment | null) => void;
}

/** Only a job's own log says this. */
const loggedReason = 'misconfigured';

/**
 * Creates the metrics of cron jobs.
 *
 * Their label is `cron_job`: Prometheus itself puts `job` on whatever it scrapes. The series of a
 * job that is forgotten disappear. Runs are those of the database's own log, so the counter takes
 * their total over: every replica shows the same.
 */
export function createCronMetrics(registry: Registry): CronMetrics {
  const lastSuccess = gauge(
    registry,
    'oauth_cron_job_last_success_timestamp_seconds',
    'Last run of a job of pg_cron that succeeded. Absent where none is known.',
    ['cron_job'],
  );
  const overdue = gauge(
    registry,
    'oauth_cron_job_overdue',
    'Whether a run that the schedule of a job demands did not start. Absent where its schedule has no times.',
    ['cron_job'],
  );
  const problem = gauge(
    registry,
    'oauth_cron_job_problem',
    'Whether a job has a problem of each kind, beside being overdue.',
    ['cron_job', 'problem'],
  );
  const runs = new Counter({
    name: 'oauth_cron_job_runs_total',
    help: "Finished runs of a job, from the database's own log, counted since the exporter first saw it.",
    labelNames: ['cron_job', 'outcome'],
    registers: [registry],
  });
  return {
    record(cron) {
      if (cron === null) return;
      for (const metric of [lastSuccess, overdue, problem, runs]) metric.reset();
      for (const {
        name,
        active,
        isScheduleKnown,
        lastSuccessAtMs,
        missed,
        problems,
      } of cron.jobs) {
        if (lastSuccessAtMs !== null) lastSuccess.set({ cron_job: name }, lastSuccessAtMs / 1000);
        if (active && isScheduleKnown) overdue.set({ cron_job: name }, Number(missed !== null));
        for (const reason of cronProblemReasons) {
          if (reason !== loggedReason) {
            problem.set({ cron_job: name, problem: reason }, Number(has(problems, reason)));
          }
        }
        const totals = cron.knowledge.totals.get(name);
        for (const outcome of totals === undefined ? [] : runOutcomes) {
          runs.inc({ cron_job: name, outcome }, totals?.[outcome]);
        }
      }
      for (const { name, problems } of [...cron.logs.values()].flat()) {
        problem.set({ cron_job: name, problem: loggedReason }, Number(has(problems, loggedReason)));
      }
    },
  };
}

function has(problems: readonly CronProblem[], wanted: CronProblem['reason']): boolean {
  return problems.some(({ reason }) => reason === wanted);
}
