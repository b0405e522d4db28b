import { unseen } from './cause.js';
import type { ExporterCause } from './cause.js';

const mostDescribed = 5;

/** Some of several databases: one incident however many, since a server that dies takes all of its. */
export const databaseAway: ExporterCause = {
  name: 'database_away',
  severity: 'critical',
  opensAtOnce: false,
  scope: 'exporter',
  runbook: 'a-database-of-several',
  title: (affected) => `Outages among the databases: ${affected}`,
  explanation:
    'Of several databases with tokens these can no longer be used. What is shown of their providers is the last that was known, and nothing of theirs is refreshed. All others are watched and refreshed as ever.',
  nextStep:
    'See that the database is up, then its address, password and TLS: `oauth-token-exporter doctor` names the remedy for each.',
  proof: 'They were read again.',
  find({ assessment: { unread }, pollFailure }) {
    if (pollFailure !== null) return unseen;
    const away = [...unread].flatMap(([name, failure]) =>
      failure === null ? [] : [{ name, failure }],
    );
    return {
      seen: true,
      affected: away.map(({ name }) => ({ id: name, subject: name, account: null })),
      outOf: null,
      detail:
        away.length === 0
          ? null
          : away
              .slice(0, mostDescribed)
              .map(({ name, failure }) => `${name}: ${failure.message}.`)
              .join(' '),
      whereabouts: () => 'repaired',
    };
  },
};
