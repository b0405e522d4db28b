import { describe } from 'vitest';
import { isInstalled, type SystemServer } from './system-servers.js';

declare module 'vitest' {
  interface TaskMeta {
    /** System servers that the test needs and this machine lacks: why it is skipped. */
    readonly missing?: readonly SystemServer[];
  }
}

/**
 * A `describe` whose tests need system servers. Where one is missing they are skipped, and
 * `npm test` counts them and says how to install it; in CI that is a failure.
 */
export function describeWith(
  servers: SystemServer | readonly SystemServer[],
  name: string,
  tests: () => void,
): void {
  const missing = [servers].flat().filter((server) => !isInstalled(server));
  describe(name, missing.length === 0 ? {} : { skip: true, meta: { missing } }, tests);
}
