import type { WatchBaseline } from './baseline.js';
import type { CheckName } from './checks/check-name.js';
import type { CommonView, Evidence, ProviderView } from './checks/check.js';
import { checks } from './checks/registry.js';

/** One poll, as the checks see it. Instants are by the database's clock. */
export interface PollView {
  readonly atMs: number;
  readonly providers: readonly ProviderView[];
  readonly common: CommonView;
}

/** What one check says of one provider, or of what belongs to none (null). */
export interface Look {
  readonly check: CheckName;
  readonly provider: string | null;
  readonly required: boolean;
  readonly evidence: Evidence;
}

/** Tells looks apart: a check and whom it is about. */
export function lookKey({ check, provider }: Pick<Look, 'check' | 'provider'>): string {
  return provider === null ? check : `${check} ${provider}`;
}

/** Asks every check about one poll. */
export function lookAround(view: PollView, baseline: WatchBaseline | null): Look[] {
  return checks.flatMap((check): Look[] => {
    const { name, required } = check;
    switch (check.scope) {
      case 'common':
        return [{ check: name, provider: null, required, evidence: check.look(view.common) }];
      case 'provider':
        return view.providers.map((each) => ({
          check: name,
          provider: each.provider,
          required,
          evidence: check.look(each, baseline?.providers[each.provider] ?? null),
        }));
    }
  });
}
