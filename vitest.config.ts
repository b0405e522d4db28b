import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    globalSetup: 'test/support/global-setup.ts',
    // Each test file in a process of its own; two at a time, since most of them drive servers.
    pool: 'forks',
    maxWorkers: 2,
    testTimeout: 30_000,
    hookTimeout: 60_000,
    // A test that asserts nothing can't fail.
    // What is waited for in a browser takes its time on a busy machine.
    expect: { requireAssertions: true, poll: { timeout: 15_000 } },
  },
});
