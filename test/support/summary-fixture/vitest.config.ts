import { defineConfig } from 'vitest/config';

/** What summary-reporter.test.ts runs: tests that end in every way there is. */
export default defineConfig({
  test: { include: ['test/support/summary-fixture/*.fixture.ts'] },
});
