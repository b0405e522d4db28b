import type { ProviderConfig } from '../config/config.js';
import type { Incident, IncidentKey } from '../store/incidents.js';
import type { Cause, CauseContext, Finding } from './causes/cause.js';
import { causes } from './causes/causes.js';

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
  return causes.flatMap((cause): PossibleIncident[] => {
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
            return cause.find({ ...context, provider, assessed, memory }, previous);
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
