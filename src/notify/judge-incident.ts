import { covers } from '../store/silences.js';
import type { Incident } from '../store/incidents.js';
import type { CauseContext, Finding } from './causes/cause.js';
import { decideIncident } from './decide-incident.js';
import type { DecideNumbers, DecideSubject, Decision, Evidence } from './decide-incident.js';
import type { PossibleIncident } from './find-causes.js';
import type { RememberedIncidents } from './incident-memory.js';
import { incidentNotice } from './incident-notice.js';
import type { Notice } from './notice.js';

/** What judging needs beside the poll. */
export interface JudgingParts {
  readonly numbers: DecideNumbers;
  readonly newId: () => string;
}

/** What becomes of an incident, and the words for it where people are to be told. */
export interface Judgement extends Decision {
  readonly notice: Notice | null;
}

/** Looks for one cause in what a poll brought, decides, and words what is to be told. */
export function judgeIncident(
  { numbers, newId }: JudgingParts,
  possible: PossibleIncident,
  context: CauseContext,
  silences: RememberedIncidents['silences'],
  previous: Incident | null,
): Judgement {
  const { nowMs } = context;
  const finding = possible.find(context, previous);
  const subject = subjectOf(possible, nowMs, silences, newId);
  const decision = decideIncident(previous, subject, evidenceOf(finding), nowMs, numbers);
  const incident = decision.next ?? previous;
  const { tell } = decision;
  if (tell === null || incident === null || !finding.seen) return { ...decision, notice: null };
  const told = previous?.told ?? null;
  const cause = possible.of;
  const notice = incidentNotice(tell, cause, incident, told, finding, nowMs);
  return { ...decision, notice };
}

/** What is decided of, and whether anybody wants to hear it. */
export function subjectOf(
  { provider, cause, replica, of }: PossibleIncident,
  nowMs: number,
  silences: RememberedIncidents['silences'],
  newId: () => string,
): DecideSubject {
  return {
    provider,
    cause,
    replica,
    severity: of.severity,
    opensAtOnce: of.opensAtOnce,
    silenced: silences.some(
      (silence) => silence.endsAt.getTime() > nowMs && covers(silence, { provider, cause }),
    ),
    newId: newId(),
  };
}

function evidenceOf(finding: Finding): Evidence {
  return finding.seen ? { seen: true, ids: finding.affected.map(({ id }) => id) } : finding;
}
