import { constants } from 'node:os';
import type { TestSummary } from './summary-reporter.js';

/** How vitest's process ended. */
export interface TestRunEnd {
  /** null: it wrote none. */
  readonly summary: TestSummary | null;
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

export interface TestVerdict {
  /** What people read at the end; the last line is `N passed, N failed`. */
  readonly lines: readonly string[];
  readonly exitCode: number;
}

/**
 * Says what a run of the tests came to. With `nothingSkipped` a skipped test counts as failed, so
 * that CI can't turn green by lacking a server. A run that failed never says `0 failed`.
 */
export function judgeTests(
  { summary, code, signal }: TestRunEnd,
  nothingSkipped: boolean,
): TestVerdict {
  const { passed, failures: failed, skipped } = summary ?? { passed: 0, failures: [], skipped: [] };
  const skippedCount = skipped.reduce((sum, { count }) => sum + count, 0);

  // Vitest may fail without a failed test: no test was found, a server did not stop.
  const unexplained = failed.length === 0 && (code !== 0 || summary === null) ? 1 : 0;
  const failures = failed.length + unexplained + (nothingSkipped ? skippedCount : 0);
  const tail = skippedCount > 0 && !nothingSkipped ? `, ${skippedCount} skipped` : '';

  const skippedLines = skipped.map(
    ({ count, reason }) => `SKIPPED ${count} ${count === 1 ? 'test' : 'tests'}: ${reason}`,
  );
  if (skippedCount > 0 && nothingSkipped) {
    skippedLines.push('With CI=true or INSTALL_SERVERS=1 a skipped test counts as failed.');
  }
  return {
    lines: [
      ...(failed.length > 0 ? ['', ...failed.map((failure) => `FAILED ${failure}`), ''] : []),
      ...(skippedLines.length > 0 ? ['', ...skippedLines, ''] : []),
      ...(signal ? [`Interrupted by ${signal}.`] : []),
      `${passed} passed, ${failures} failed${tail}`,
    ],
    exitCode: signal ? 128 + constants.signals[signal] : Math.min(failures, 1),
  };
}
