import type { Reading } from '../observe/reading.js';
import { mayHideRowsNote } from '../observe/token-source.js';

/** What `verify` looks at, in the runbook's order. Words of its JSON. */
export const verifyCheckNames = [
  'token_statuses',
  'reconnections',
  'syncs',
  'sync_of_one_user',
  'cron_jobs',
  'job_log',
  'webhooks',
] as const;
export type VerifyCheckName = (typeof verifyCheckNames)[number];

/** What a check ends with. The last two were not judged and count for nothing. */
export const verifyVerdicts = ['fail', 'unknown', 'pass', 'not_configured', 'not_asked'] as const;
export type VerifyVerdict = (typeof verifyVerdicts)[number];

/** One thing that a check saw; a note says something and weighs nothing. */
export interface VerifyFinding {
  readonly verdict: 'fail' | 'unknown' | 'pass' | 'note';
  /** For people; may hold text from data. */
  readonly text: string;
  /** What helps; null: nothing is to be done. */
  readonly nextStep: string | null;
}

/** One line of `verify`. */
export interface VerifyCheck {
  readonly check: VerifyCheckName;
  /** null: it belongs to no provider. */
  readonly provider: string | null;
  readonly verdict: VerifyVerdict;
  /** What decided comes first. */
  readonly evidence: readonly string[];
  readonly nextStep: string | null;
}

export const fails = (text: string, nextStep: string): VerifyFinding => ({
  verdict: 'fail',
  text,
  nextStep,
});
export const isUnknown = (text: string, nextStep: string): VerifyFinding => ({
  verdict: 'unknown',
  text,
  nextStep,
});
export const passes = (text: string): VerifyFinding => ({ verdict: 'pass', text, nextStep: null });
export const notes = (text: string): VerifyFinding => ({ verdict: 'note', text, nextStep: null });

const weight = ['fail', 'unknown', 'pass', 'note'] as const;

/**
 * The verdict of a check from all that it saw: one failure fails it, and it passes only where
 * something speaks for it and nothing is unknown. To have seen nothing is unknown.
 */
export function judgeFindings(
  check: VerifyCheckName,
  provider: string | null,
  findings: readonly VerifyFinding[],
): VerifyCheck {
  const sorted = weight.flatMap((verdict) => findings.filter((each) => each.verdict === verdict));
  const [first] = sorted;
  if (first === undefined || first.verdict === 'note') {
    const evidence = [...sorted.map(({ text }) => text), 'nothing was seen that speaks for it'];
    return { check, provider, verdict: 'unknown', evidence, nextStep: 'doctor' };
  }
  return {
    check,
    provider,
    verdict: first.verdict,
    // What keeps one table from being read keeps others from it.
    evidence: [...new Set(sorted.map(({ text }) => text))],
    nextStep: first.nextStep,
  };
}

/** A check that nothing is configured for. */
export function notConfigured(
  check: VerifyCheckName,
  provider: string | null,
  why: string,
): VerifyCheck {
  return { check, provider, verdict: 'not_configured', evidence: [why], nextStep: null };
}

/** The verdict of all checks, and what to do next. */
export interface VerifySummary {
  readonly verdict: 'pass' | 'fail' | 'unknown';
  readonly counts: Readonly<Record<VerifyVerdict, number>>;
  readonly nextStep: string;
}

/** Sums up: a failure outweighs what is unknown, and where nothing was judged nothing is proven. */
export function summarize(checks: readonly VerifyCheck[]): VerifySummary {
  const counts = Object.fromEntries(
    verifyVerdicts.map((verdict) => [verdict, checks.filter((c) => c.verdict === verdict).length]),
  ) as Record<VerifyVerdict, number>;
  const first = (verdict: VerifyVerdict) =>
    checks.find((each) => each.verdict === verdict && each.nextStep !== null)?.nextStep ?? 'doctor';
  if (counts.fail > 0) return { verdict: 'fail', counts, nextStep: first('fail') };
  if (counts.unknown > 0 || counts.pass === 0) {
    return { verdict: 'unknown', counts, nextStep: first('unknown') };
  }
  const isSyncOpen = checks.some(
    ({ check, verdict }) => check === 'sync_of_one_user' && verdict === 'not_asked',
  );
  const isSyncProven = checks.some(
    ({ check, verdict }) => check === 'sync_of_one_user' && verdict === 'pass',
  );
  const nextStep =
    isSyncOpen && !isSyncProven ? 'verify --sync-user <user_id>' : 'watch start --for 48h';
  return { verdict: 'pass', counts, nextStep };
}

/** What keeps a check of single tokens from passing: this role may see only a part of them. */
export function findHiddenRows(tokens: Reading<unknown>): VerifyFinding[] {
  return tokens.known && tokens.notes.includes(mayHideRowsNote)
    ? [isUnknown(mayHideRowsNote, 'doctor')]
    : [];
}

const mostNamed = 3;
const longestName = 64;

/** `a, b, c and 4 more`: a few names for whoever goes to look. Names are data. */
export function nameSome(names: readonly string[]): string {
  const shown = names.slice(0, mostNamed).map((name) => name.slice(0, longestName));
  const rest = names.length - shown.length;
  return rest > 0 ? `${shown.join(', ')} and ${String(rest)} more` : shown.join(', ');
}
