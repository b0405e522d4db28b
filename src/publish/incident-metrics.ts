import type { Registry } from 'prom-client';
import type { IncidentState } from '../notify/tell-incidents.js';
import { gauge } from './gauge.js';

/** Metrics of what people are told. */
export interface IncidentMetrics {
  /** Takes over every incident that there may be. A silenced one is as open as any other. */
  readonly recordStates: (states: readonly IncidentState[]) => void;
}

/** Creates the metrics of incidents. */
export function createIncidentMetrics(registry: Registry): IncidentMetrics {
  const open = gauge(
    registry,
    'oauth_incidents_open',
    'Whether an incident is open, silenced or not, as of the poll before. ' +
      'provider is empty where it concerns the exporter itself.',
    ['provider', 'cause', 'severity'],
  );
  return {
    recordStates(states) {
      for (const { provider, cause, severity, open: isOpen } of states) {
        open.set({ provider: provider ?? '', cause, severity }, Number(isOpen));
      }
    },
  };
}
