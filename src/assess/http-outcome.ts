import type { ObservedResponses } from '../observe/http-responses.js';

/** After this nothing more is expected to come in. */
const settledAfterMs = 120_000;

/**
 * The answers to a job's last requests, where all of them failed; by job.
 *
 * pg_net does not say which request an answer belongs to, so answers are a job's by their time. One
 * good answer in it clears the job, whoever asked: an alarm must not rest on a neighbour's failure.
 * While the last run may still be waiting for its answer, the run before it is judged.
 */
export function judgeResponses(
  answers: readonly ObservedResponses[],
  now: Date,
): ReadonlyMap<number, ObservedResponses> {
  const failed = new Map<number, ObservedResponses>();
  const judged = new Set<number>();
  for (const each of [...answers].sort((a, b) => b.fromMs - a.fromMs)) {
    const isSettled = now.getTime() - each.fromMs > settledAfterMs;
    const isAnswered = each.succeeded + each.failed > 0;
    if (judged.has(each.jobId) || (!isSettled && !isAnswered)) continue;
    judged.add(each.jobId);
    if (isAnswered && each.succeeded === 0) failed.set(each.jobId, each);
  }
  return failed;
}
