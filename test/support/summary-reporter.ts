import { writeFileSync } from 'node:fs';
import type { SerializedError } from 'vitest';
import type { Reporter, TestCase, TestModule, TestSuite } from 'vitest/node';
import './describe-with.js';
import { installCommand } from './system-servers.js';

/** What scripts/test.mjs needs to know of a run. */
export interface TestSummary {
  readonly passed: number;
  /** One line for each failure: where, and the first line of why. */
  readonly failures: readonly string[];
  readonly skipped: readonly SkippedTests[];
}

/** Tests that were skipped for the same reason. */
export interface SkippedTests {
  readonly count: number;
  /** A sentence without its full stop: why, and how to run them. */
  readonly reason: string;
}

/**
 * Counts a run. Whatever went wrong outside of a test (a hook, an import, an unhandled error)
 * counts as one failure each, and so does a test that never finished.
 */
export function summarize(
  modules: readonly TestModule[],
  unhandled: readonly SerializedError[],
): TestSummary {
  const tests = modules.flatMap((module) => [...module.children.allTests()]);
  const suites = modules.flatMap((module) => [module, ...module.children.allSuites()]);
  const inState = (...states: string[]) =>
    tests.filter((test) => states.includes(test.result().state));
  return {
    passed: inState('passed').length,
    failures: [
      ...inState('failed', 'pending').map(describeFailure),
      ...suites.flatMap((suite) =>
        suite.errors().map((error) => `${nameOf(suite)}: ${firstLine(error.message)}`),
      ),
      ...unhandled.map((error) => `outside of every test: ${firstLine(error.message)}`),
    ],
    skipped: groupByReason(inState('skipped')),
  };
}

function describeFailure(test: TestCase): string {
  const why = test.result().errors?.[0]?.message ?? 'it never ended';
  return `${test.module.relativeModuleId} > ${test.fullName}: ${firstLine(why)}`;
}

function nameOf(suite: TestModule | TestSuite): string {
  return suite.type === 'module'
    ? suite.relativeModuleId
    : `${suite.module.relativeModuleId} > ${suite.fullName}`;
}

function firstLine(text: string): string {
  return text.split('\n', 1)[0] ?? '';
}

function groupByReason(tests: readonly TestCase[]): SkippedTests[] {
  const counts = new Map<string, number>();
  for (const test of tests) {
    const reason = reasonOf(test);
    counts.set(reason, (counts.get(reason) ?? 0) + 1);
  }
  return [...counts].map(([reason, count]) => ({ count, reason }));
}

function reasonOf(test: TestCase): string {
  const missing = test.meta().missing ?? [];
  if (missing.length === 0) {
    const result = test.result();
    if (result.state === 'skipped' && result.note !== undefined) return result.note;
    return test.options.mode === 'run'
      ? 'a hook before them failed'
      : 'the test file or the command line leaves them out';
  }
  const verb = missing.length === 1 ? 'is' : 'are';
  return `${missing.join(' and ')} ${verb} not installed. To run them: ${installCommand(missing)}`;
}

/** A vitest reporter that writes the summary of the run to the file `TEST_SUMMARY_FILE` names. */
export default class SummaryReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], unhandled: readonly SerializedError[]): void {
    const file = process.env['TEST_SUMMARY_FILE'];
    if (file !== undefined) writeFileSync(file, JSON.stringify(summarize(modules, unhandled)));
  }
}
