import type { Assessment } from '../assess/assess.js';
import type { ProviderConfig } from '../config/config.js';
import { groupByDatabase } from '../database/read-each.js';
import type { Incident, IncidentKey } from '../store/incidents.js';
import type { Cause, CauseContext, Finding } from './causes/cause.js';
import { causes } from './causes/causes.js';
import { databaseAway } from './causes/database-away.js';

/** A cause where it can occur: of one provider, of one replica, or of all of them. */
export interface PossibleIncident extends IncidentKey {
  readonly of: Cause;
  readonly find: (context: CauseContext, previous: Incident | null) => Finding;
}

/** Everything that can be told of, given what is configured. `host` names this replica. */
export function possibleIncidents(
  providers: readonly ProviderConfig[],
  host: string,
): PossibleIncident[] {
  const isOneDatabase = groupByDatabase(providers).size === 1;
  const possible = causes.filter((cause) => cause !== databaseAway || !isOneDatabase);
  return possible.flatMap((cause): PossibleIncident[] => {
    switch (cause.scope) {
      case 'provider':
        return providers.map((provider) => ({
          of: cause,
          provider: provider.name,
          cause: cause.name,
          replica: null,
          find(context, previous) {
            const assessed = context.assessment.providers.get(provider.name);
            if (assessed === undefined) return { seen: false };
            const memory = context.memories.providers.get(provider.name) ?? null;
            const pollFailure = context.pollFailure ?? whyUnread(context.assessment, provider);
            return cause.find({ ...context, provider, assessed, memory, pollFailure }, previous);
          },
        }));
      case 'exporter':
      case 'replica': {
        const replica = cause.scope === 'replica' ? host : null;
        return [{ of: cause, provider: null, cause: cause.name, replica, find: cause.find }];
      }
    }
  });
}

/** Why a poll says nothing of a provider whose database it did not read; null: it read it. */
function whyUnread(
  { unread }: Assessment,
  { database }: Pick<ProviderConfig, 'database'>,
): string | null {
  const failure = unread.get(database);
  if (failure === undefined) return null;
  return failure === null ? 'This poll did not read its database.' : `${failure.message}.`;
}
