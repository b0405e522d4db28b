import { whole } from './cause.js';
import type { ExporterCause } from './cause.js';

/** Polls do not succeed, or nothing can be remembered: everything that is shown is old. */
export const databaseDown: ExporterCause = {
  name: 'database_down',
  severity: 'critical',
  opensAtOnce: false,
  scope: 'exporter',
  runbook: 'oauthtokenexporterpollstale',
  title: () => 'Outage of the database',
  explanation:
    'The exporter can no longer work with its database. All that it shows is the last that was known, and nothing is refreshed. The tokens may be fine.',
  nextStep:
    'See that the database is up, then its address, password and TLS: `oauth-token-exporter doctor` names the remedy.',
  proof: 'Polls succeed again.',
  find({ pollFailure, memoryAway }) {
    const memory = memoryAway === null ? null : `The exporter's memory: ${memoryAway}.`;
    return whole(pollFailure !== null || memory !== null, 'database', pollFailure ?? memory);
  },
};
