import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    globalSetup: 'test/support/global-setup.ts',
    pool: 'forks',
    // One more than CI has cores, since most of them wait for servers.
    maxWorkers: 3,
    // A process runs one file after the other, and loads what they share once: none of our modules
    // is mocked, and none keeps a state of its own.
    isolate: false,
    testTimeout: 60_000,
    hookTimeout: 60_000,
    // A test that asserts nothing can't fail.
    // What is waited for in a browser takes its time on a busy machine.
    expect: { requireAssertions: true, poll: { timeout: 15_000 } },
  },
});
