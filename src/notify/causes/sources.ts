import type { SourceAssessment } from '../../assess/sources.js';
import { pluralOf } from '../../config/plural.js';
import { tokenSourceName } from '../../observe/observe.js';
import { unseen } from './cause.js';
import type { Finding, ProviderCause, ProviderContext } from './cause.js';

const nextStep = 'Run `oauth-token-exporter doctor`: it prints the statement that would help.';

/** The table of the tokens itself: nobody knows their state. */
export const sourceDown: ProviderCause = {
  name: 'source_down',
  severity: 'critical',
  opensAtOnce: false,
  scope: 'provider',
  runbook: 'oauthtokenexportersourcedown',
  title: () => 'Outage of the source of the tokens',
  explanation:
    'The table of the tokens can no longer be read. What is shown of them is the last that was known.',
  nextStep,
  proof: 'The table was read again.',
  find: (context) => down(context, (name) => name === tokenSourceName(context.provider.name)),
};

/** A further table: what is judged by it is judged by less. */
export const furtherSourceDown: ProviderCause = {
  name: 'further_source_down',
  severity: 'warning',
  opensAtOnce: false,
  scope: 'provider',
  runbook: 'oauthtokenexportersourcedown',
  title: (affected, outOf) => `${pluralOf(affected, outOf, 'further source')} down`,
  explanation:
    'A table that was read before can no longer be read. The tokens are still watched; what this table tells is the last that was known.',
  nextStep,
  proof: 'The tables were read again.',
  find: (context) => down(context, (name) => name !== tokenSourceName(context.provider.name)),
};

/** While the whole database is away that is one incident, and not one per table. */
function down(
  { assessment, provider, pollFailure }: ProviderContext,
  isMeant: (name: string) => boolean,
): Finding {
  if (pollFailure !== null) return unseen;
  const sources = [...assessment.sources.values()].filter(
    ({ name, up }) => up !== null && name.startsWith(`${provider.name}:`) && isMeant(name),
  );
  const affected = sources.filter(({ up }) => up === false);
  return {
    seen: true,
    affected: affected.map(({ name }) => ({ id: name, subject: name, account: null })),
    outOf: sources.length,
    detail: affected.length === 0 ? null : affected.slice(0, 5).map(describe).join(' '),
    whereabouts: () => 'repaired',
  };
}

function describe({ name, reason }: SourceAssessment): string {
  return `${name}: ${reason ?? 'down'}.`;
}
