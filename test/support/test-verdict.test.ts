import { describe, expect, it } from 'vitest';
import { judgeTests, type TestRunEnd } from './test-verdict.js';

const green: TestRunEnd = {
  summary: { passed: 3, failures: [], skipped: [] },
  code: 0,
  signal: null,
};
const withoutServer: TestRunEnd = {
  ...green,
  summary: { passed: 3, failures: [], skipped: [{ count: 2, reason: 'no server' }] },
};

describe('the verdict over a run of the tests', () => {
  it('is green when everything passed', () => {
    expect(judgeTests(green, true)).toEqual({ lines: ['3 passed, 0 failed'], exitCode: 0 });
  });

  it('forgives skipped tests to a developer, but names them', () => {
    expect(judgeTests(withoutServer, false)).toEqual({
      lines: ['', 'SKIPPED 2 tests: no server', '', '3 passed, 0 failed, 2 skipped'],
      exitCode: 0,
    });
  });

  it('names each failure just above the counts', () => {
    const summary = { passed: 2, failures: ['a.test.ts > b: c'], skipped: [] };
    expect(judgeTests({ summary, code: 1, signal: null }, false).lines).toEqual([
      '',
      'FAILED a.test.ts > b: c',
      '',
      '2 passed, 1 failed',
    ]);
  });

  it('counts skipped tests as failed where nothing may be skipped', () => {
    const { lines, exitCode } = judgeTests(withoutServer, true);
    expect(lines.at(-1)).toBe('3 passed, 2 failed');
    expect(exitCode).toBe(1);
  });

  it.each<[string, TestRunEnd, string, number]>([
    [
      'a failed test',
      { ...green, summary: { passed: 2, failures: ['a.test.ts > b: c'], skipped: [] }, code: 1 },
      '2 passed, 1 failed',
      1,
    ],
    ['vitest failing by itself', { ...green, code: 1 }, '3 passed, 1 failed', 1],
    ['vitest writing no summary', { ...green, summary: null }, '0 passed, 1 failed', 1],
    ['vitest being killed', { summary: null, code: null, signal: null }, '0 passed, 1 failed', 1],
    ['Ctrl-C', { summary: null, code: 130, signal: 'SIGINT' }, '0 passed, 1 failed', 130],
  ])('fails after %s', (_, end, lastLine, exitCode) => {
    const verdict = judgeTests(end, false);
    expect(verdict.lines.at(-1)).toBe(lastLine);
    expect(verdict.exitCode).toBe(exitCode);
  });
});
