import { describe, expect, it } from 'vitest';
import {
  cronProblemReasons,
  describeCronProblem,
  describeMissed,
  mostMissed,
} from '../../src/assess/cron-problem.js';
import type { CronProblem, CronProblemReason } from '../../src/assess/cron-problem.js';

/** The same problem, as the poll at `ms` sees it for the `count`th time. */
const problemAt = (reason: CronProblemReason, ms: number, count: number): CronProblem => {
  const message = 'it said so';
  switch (reason) {
    case 'vanished':
    case 'inactive':
    case 'hanging':
      return { reason, sinceMs: ms };
    case 'failing':
      return { reason, failures: count, atMs: ms, message };
    case 'http_failing':
      return { reason, atMs: ms, requests: count, status: 401, message };
    case 'misconfigured':
      return { reason, atMs: ms, message };
    case 'too_seldom':
      return { reason, provider: 'fathom', pauseMs: 7_200_000, lifetimeMs: 3_600_000 };
  }
};

describe('what is wrong with a job', () => {
  it.each(cronProblemReasons)('is told in the same words while it lasts: %s', (reason) => {
    const text = describeCronProblem(problemAt(reason, 0, 1));
    expect(describeCronProblem(problemAt(reason, 60_000, 2))).toBe(text);
    expect(text).toMatch(/^(it|its) .*[^.]$/);
  });

  it.each([
    [1, 'missed a run'],
    [2, 'missed 2 runs'],
    [mostMissed - 1, 'missed 49 runs'],
    [mostMissed, 'missed 50 runs or more'],
  ])('%d missed: %s', (runs, text) => {
    expect(describeMissed({ runs })).toBe(text);
  });
});
