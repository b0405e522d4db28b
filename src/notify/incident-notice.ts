import type { Incident, Told } from '../store/incidents.js';
import type { Affected, Cause, Seen, Whereabouts } from './causes/cause.js';
import type { AffectedAccount, Notice, NoticeKind } from './notice.js';

/** How many accounts a message lists. */
const listed = 10;

/** Puts what was decided into words, for whoever reads it without knowing anything else. */
export function incidentNotice(
  kind: NoticeKind,
  cause: Cause,
  /** For a recovery, as it was before. */
  incident: Incident,
  /** Before this notice. */
  told: Told | null,
  finding: Seen,
  nowMs: number,
): Notice {
  const { affected, outOf } = finding;
  const left = describeLeft(told, finding);
  return {
    kind,
    incidentId: incident.id,
    provider: incident.provider,
    cause: cause.name,
    severity: cause.severity,
    title: cause.title(affected.length, outOf),
    ...wording(kind, cause, finding, left, incident.replica),
    runbook: cause.runbook,
    openedAtMs: incident.firstSeenAtMs,
    atMs: nowMs,
    affected: affected.length,
    outOf,
    previouslyAffected: kind === 'open' ? null : (told?.ids.size ?? null),
    accounts: newestFirst(affected, told).slice(0, listed).flatMap(accountOf),
  };
}

interface Left {
  readonly repaired: number;
  /** Empty: none left. */
  readonly sentence: string;
}

function wording(
  kind: NoticeKind,
  { explanation, nextStep, proof }: Cause,
  { detail, outOf }: Seen,
  left: Left,
  replica: string | null,
): Pick<Notice, 'explanation' | 'nextStep'> {
  const where = replica === null ? null : `Replica: ${replica}.`;
  switch (kind) {
    case 'open':
    case 'reminder':
      return { explanation: sentences(explanation, where, detail), nextStep };
    case 'update':
      return { explanation: sentences(explanation, where, detail, left.sentence), nextStep };
    case 'recovered':
      return {
        explanation: sentences('It is over.', where, outOf === null ? null : left.sentence),
        nextStep:
          left.repaired > 0
            ? proof
            : 'Nothing shows that they were repaired: no row is left to judge by. See that this was meant to be.',
      };
  }
}

/** What became of those that people were told of and that are no longer affected. */
function describeLeft(told: Told | null, { affected, whereabouts }: Seen): Left {
  const still = new Set(affected.map(({ id }) => id));
  const counts: Record<Whereabouts, number> = { repaired: 0, switched_off: 0, gone: 0 };
  for (const id of told?.ids ?? []) if (!still.has(id)) counts[whereabouts(id)] += 1;
  const { repaired, switched_off, gone } = counts;
  const lost = [
    switched_off === 0 ? null : `switched off: ${switched_off}`,
    gone === 0 ? null : `gone: ${gone}`,
  ].filter((each) => each !== null);
  const sentence = sentences(
    repaired === 0 ? null : `Repaired since the last message: ${repaired}.`,
    lost.length === 0 ? null : `Not repaired, but no longer counted: ${lost.join(', ')}.`,
  );
  return { repaired, sentence };
}

/** An update lists first whom people have not heard of. */
function newestFirst(affected: readonly Affected[], told: Told | null): readonly Affected[] {
  if (told === null) return affected;
  const isNew = ({ id }: Affected) => !told.ids.has(id);
  return [...affected.filter(isNew), ...affected.filter((each) => !isNew(each))];
}

function accountOf({ subject, account }: Affected): AffectedAccount[] {
  return subject === null ? [] : [{ subject, account }];
}

function sentences(...parts: readonly (string | null)[]): string {
  return parts.filter((part) => part !== null && part !== '').join(' ');
}
