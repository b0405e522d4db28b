import type { Assessment } from '../assess/assess.js';
import type { Memories } from '../assess/memories.js';
import type { Slices } from '../assess/slices.js';
import type { Config } from '../config/config.js';
import type { CauseContext, Seen } from '../notify/causes/cause.js';
import { causes } from '../notify/causes/causes.js';
import { possibleIncidents } from '../notify/find-causes.js';
import type { PossibleIncident } from '../notify/find-causes.js';
import type { Severity } from '../notify/notice.js';
import type { ListedIncident } from '../store/incident-list.js';
import { keyOf } from '../store/incidents.js';
import { tokensHref } from './token-query.js';
import type { TokenQuery } from './token-query.js';

/** What one poll brought, as incidents are found in it. */
export interface PollSight {
  readonly assessment: Assessment;
  readonly memories: Memories;
  /** undefined: the journal was not tried yet. */
  readonly journalProblem: string | null | undefined;
}

/** Something that is wrong now, in words for people. */
export interface Concern {
  readonly key: string;
  readonly provider: string | null;
  readonly cause: string;
  readonly severity: Severity;
  readonly title: string;
  readonly explanation: string;
  readonly nextStep: string;
  /** Heading of the runbook. */
  readonly runbook: string;
  /** The last poll could not see it: it is as it was before. */
  readonly isStale: boolean;
  /** A few of those whom it concerns. */
  readonly people: readonly ConcernedPerson[];
  readonly affected: number;
  /** Where those affected are listed; null: nowhere. */
  readonly affectedHref: string | null;
}

export interface ConcernedPerson {
  readonly subject: string;
  /** To be masked where it is shown. */
  readonly account: string | null;
}

const namedPeople = 3;

type Conditions = Pick<Config, 'providers' | 'incidents'>;

/**
 * Finds what is wrong by the same causes that open incidents, so that the page and the messages say
 * the same; the worst first. What the last poll could not see is as the last good poll saw it.
 */
export function* findConcerns(
  last: PollSight,
  lastGood: PollSight | null,
  config: Conditions,
  host: string,
): Slices<Concern[]> {
  const possible = possibleIncidents(config.providers, host);
  const now = contextOf(last, config);
  const before = lastGood === null || lastGood === last ? null : contextOf(lastGood, config);
  const found: Concern[] = [];
  for (const each of possible) {
    // Each looks at every token.
    yield;
    const finding = each.find(now, null);
    const earlier = finding.seen || before === null ? finding : each.find(before, null);
    if (earlier.seen) found.push(...concernsOf(each, earlier, !finding.seen));
  }
  return found.sort((a, b) => severityRank(a.severity) - severityRank(b.severity));
}

function contextOf(sight: PollSight, config: Conditions): CauseContext {
  const { assessment, memories, journalProblem } = sight;
  const { databaseFailure, observedAt } = assessment;
  return {
    assessment,
    memories,
    nowMs: observedAt?.getTime() ?? 0,
    config: config.incidents,
    journalProblem: journalProblem ?? null,
    journalTried: journalProblem !== undefined,
    pollFailure: databaseFailure === null ? null : `${databaseFailure.message}.`,
    memoryAway: null,
  };
}

function concernsOf(possible: PossibleIncident, finding: Seen, isStale: boolean): Concern[] {
  const { affected, outOf, detail } = finding;
  if (affected.length === 0) return [];
  const { provider, cause, of } = possible;
  return [
    {
      key: keyOf(possible),
      provider,
      cause,
      severity: of.severity,
      title: of.title(affected.length, outOf),
      explanation: detail === null ? of.explanation : `${of.explanation} ${detail}`,
      nextStep: of.nextStep,
      runbook: of.runbook,
      isStale,
      affected: affected.length,
      people: affected
        .slice(0, namedPeople)
        .flatMap(({ subject, account }) => (subject === null ? [] : [{ subject, account }])),
      affectedHref: affectedHref(cause, provider),
    },
  ];
}

const severityRanks: Readonly<Record<Severity, number>> = { critical: 0, warning: 1, info: 2 };

function severityRank(severity: Severity): number {
  return severityRanks[severity];
}

/** How the list of tokens is narrowed to those that a cause is about. */
const tokensOfCause: Readonly<Record<string, Partial<TokenQuery>>> = {
  refresh_overdue: { view: 'overdue' },
  grants_dead: { grant: 'dead' },
  falsely_deactivated: { view: 'switched_off_wrongly' },
  tokens_unattended: { status: 'expired' },
  syncs_failing_for_auth: { view: 'sync_failed' },
};

function affectedHref(cause: string, provider: string | null): string | null {
  const query = tokensOfCause[cause];
  return query === undefined ? null : tokensHref({ ...query, provider });
}

/** What an incident is called now that only its row is left, and where the runbook speaks of it. */
export function titleOf(incident: ListedIncident): {
  readonly title: string;
  readonly runbook: string | null;
} {
  const cause = causes.find(({ name }) => name === incident.cause);
  if (cause === undefined) return { title: incident.cause.replaceAll('_', ' '), runbook: null };
  // Of how many there were then is not remembered, nor at the end of whom it was told.
  const title =
    incident.affected === 0
      ? incident.cause.replaceAll('_', ' ')
      : cause.title(incident.affected, null);
  return { title, runbook: cause.runbook };
}
