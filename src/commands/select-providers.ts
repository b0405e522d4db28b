import type { ProviderConfig } from '../config/config.js';
import { suggestion } from '../config/problem.js';

/** The provider of this name, or all of them for null; or what to tell whoever asked for it. */
export function selectProviders(
  all: readonly ProviderConfig[],
  name: string | null,
): { readonly providers: readonly ProviderConfig[] } | { readonly problem: string } {
  const providers = name === null ? all : all.filter((each) => each.name === name);
  if (name === null || providers.length > 0) return { providers };
  const names = all.map((each) => each.name);
  return { problem: `no provider "${name}" is configured: ${suggestion(name, names)}` };
}
