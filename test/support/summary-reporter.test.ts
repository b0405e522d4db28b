import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { runProgram } from './process.js';

const root = (path: string) => fileURLToPath(new URL(`../../${path}`, import.meta.url));

describe('npm test', () => {
  it('counts every way a test can end, and says so last', async () => {
    const config = root('test/support/summary-fixture/vitest.config.ts');
    const { code, stdout } = await runProgram(
      process.execPath,
      [root('scripts/test.mjs'), '--config', config],
      { env: { PATH: process.env['PATH'] ?? '' } },
    );

    const lines = stdout.trimEnd().split('\n');
    expect(lines.at(-1)).toBe('1 passed, 3 failed, 4 skipped');
    expect(code).toBe(1);
    expect(lines).toContain(
      'SKIPPED 2 tests: prometheus is not installed. ' +
        'To run them: sudo apt-get install --no-install-recommends prometheus',
    );
    expect(lines.filter((line) => line.startsWith('FAILED '))).toEqual([
      'FAILED test/support/summary-fixture/endings.fixture.ts > fails: expected 1 to be 2 // Object.is equality',
      'FAILED test/support/summary-fixture/broken.fixture.ts: this file cannot be imported',
      'FAILED test/support/summary-fixture/endings.fixture.ts > behind a hook that fails: the hook fails',
    ]);
    expect(lines).toContain('SKIPPED 1 test: a hook before them failed');
  });

  it('fails when no test is found', async () => {
    const { code, stdout } = await runProgram(
      process.execPath,
      [root('scripts/test.mjs'), 'test/no-such-folder'],
      { env: { PATH: process.env['PATH'] ?? '' } },
    );
    expect(stdout.trimEnd().split('\n').at(-1)).toBe('0 passed, 1 failed');
    expect(code).toBe(1);
  });
});
