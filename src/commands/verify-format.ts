import { summarize } from '../remedy/verify-check.js';
import type { VerifyCheck, VerifyCheckName, VerifyVerdict } from '../remedy/verify-check.js';
import { formatInstant } from '../config/format-instant.js';
import { pad, printable, shorten } from './printable.js';

/** The words that people read. */
export const verdictWords = {
  pass: 'PASS',
  fail: 'FAIL',
  unknown: 'UNKNOWN',
  not_configured: 'not configured',
  not_asked: 'not asked',
} as const satisfies Record<VerifyVerdict, string>;

/** What each check is called. */
export const checkWords = {
  token_statuses: 'token statuses',
  reconnections: 'reconnections',
  syncs: 'syncs',
  sync_of_one_user: 'sync of one user',
  cron_jobs: 'cron jobs',
  job_log: 'job log',
  webhooks: 'webhooks',
} as const satisfies Record<VerifyCheckName, string>;

/** Widest that one piece of evidence gets: a line to read, not a page. */
const longestEvidence = 240;

/** A line for each check, the evidence in it, what helps below it, and the verdict at the end. */
export function formatVerify(checks: readonly VerifyCheck[], now: Date): string {
  const words = checks.map(({ verdict }) => verdictWords[verdict]);
  const width = Math.max(...words.map(({ length }) => length));
  const lines = checks.map(({ check, provider, verdict, evidence, nextStep }) => {
    const name = provider === null ? checkWords[check] : `${provider} ${checkWords[check]}`;
    const text = evidence.map((each) => shorten(printable(each), longestEvidence)).join('; ');
    const step = nextStep === null ? '' : `\n${' '.repeat(width)}    next: ${printable(nextStep)}`;
    return `${pad(verdictWords[verdict], width)}  ${printable(name)}: ${text}${step}`;
  });
  const { verdict, counts, nextStep } = summarize(checks);
  const shown = (['pass', 'fail', 'unknown', 'not_configured', 'not_asked'] as const)
    .filter((each) => counts[each] > 0)
    .map((each) => `${String(counts[each])} ${verdictWords[each]}`);
  const at = formatInstant(now.getTime()) ?? '';
  return `${lines.join('\n')}\n\n${verdictWords[verdict]} at ${at}: ${shown.join(', ')}; next: ${printable(nextStep)}\n`;
}

/** The same for programs. */
export function verifyJson(checks: readonly VerifyCheck[], now: Date, since: Date | null): string {
  const { verdict, nextStep } = summarize(checks);
  const body = {
    now: now.toISOString(),
    since: since?.toISOString() ?? null,
    verdict,
    next_step: nextStep,
    checks: checks.map((each) => ({
      check: each.check,
      provider: each.provider,
      verdict: each.verdict,
      evidence: each.evidence,
      next_step: each.nextStep,
    })),
  };
  return `${JSON.stringify(body, null, 2)}\n`;
}
