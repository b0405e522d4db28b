import type { ProviderContext } from './cause.js';

/** Sources beside the tokens and their syncs. */
const besides = ['job_log', 'webhook_arrivals', 'webhook_events'] as const;
export type SourceBeside = (typeof besides)[number];

/**
 * Whether this very poll read what it was to read of these sources of a provider. What is absent
 * does not count; where nothing was read there is no evidence.
 */
export function sawBeside(context: ProviderContext, names: readonly SourceBeside[]): boolean {
  return sawAll(context, (name) => names.some((each) => each === name));
}

/** The same for the tokens and everything that shows their syncs. */
export function sawSyncs(context: ProviderContext): boolean {
  return sawAll(context, (name) => !besides.some((each) => each === name));
}

function sawAll(
  { assessment, provider, pollFailure }: ProviderContext,
  isMeant: (name: string) => boolean,
): boolean {
  if (pollFailure !== null) return false;
  const prefix = `${provider.name}:`;
  const sources = [...assessment.sources.values()].filter(
    ({ name, up }) => up !== null && name.startsWith(prefix) && isMeant(name.slice(prefix.length)),
  );
  return sources.length > 0 && sources.every(({ up }) => up === true);
}
