import type { WatchBaseline } from './baseline.js';
import { checks } from './checks/registry.js';

/** What was wrong when the watch began, in short: `fathom: 37 tokens were expired already`. */
export function wrongAtStart({ known, providers }: WatchBaseline): string[] {
  const whom: readonly (string | null)[] = [null, ...Object.keys(providers)];
  return checks.flatMap(({ name, wrongAlready }) =>
    whom.flatMap((provider) => {
      const found = known.filter((each) => each.check === name && each.provider === provider);
      if (found.length === 0) return [];
      const text = wrongAlready(found.reduce((sum, { affected }) => sum + affected, 0));
      return [provider === null ? text : `${provider}: ${text}`];
    }),
  );
}
