import type { PastLedger } from '../store/past-ledger.js';
import type { SyncHistory } from '../observe/sync-history.js';
import type { TokenRow } from '../observe/token-rows.js';
import { expiryLeewayMs } from '../assess/effectively-expired.js';
import type { CheckName } from './checks/check-name.js';
import type { Seen } from './checks/check.js';
import { describeFailureRate, plural } from './failure-bound.js';
import { formatDistance } from '../config/format-distance.js';
import { hours, instant, plain } from './finding.js';
import type { Reason, Verdict } from './judge.js';
import { jobLines, jobViolations, unknownOfJobs } from './review-jobs.js';
import type { JobReview } from './review-jobs.js';
import { refreshTotals } from './refresh-totals.js';
import type { ReportSection } from './report-sections.js';

/** What is left of a window in the past, of one provider. */
export interface ReviewedProvider {
  readonly provider: string;
  readonly tokens: Seen<readonly TokenRow[]>;
  readonly syncs: Seen<SyncHistory>;
  readonly overdueAfterMs: number | null;
  /** Keeping its tokens alive is the exporter's job. */
  readonly refreshedByUs: boolean;
}

export interface ReviewFacts {
  readonly sinceMs: number;
  readonly untilMs: number;
  readonly providers: readonly ReviewedProvider[];
  readonly ledger: Seen<PastLedger>;
  readonly jobs: Seen<JobReview>;
}

/** Something that went wrong in the past, at a moment that is recorded. */
export interface PastViolation {
  readonly check: CheckName;
  /** null: it belongs to none. */
  readonly provider: string | null;
  readonly atMs: number;
  readonly evidence: string;
}

/** What a look back found. It never says STABLE: nobody polled, so nobody knows what was not recorded. */
export interface Review {
  readonly facts: ReviewFacts;
  readonly verdict: Exclude<Verdict, 'STABLE' | 'RUNNING'>;
  /** The earliest first: the first cause. */
  readonly violations: readonly PastViolation[];
  readonly reasons: readonly Reason[];
  readonly unknowable: readonly string[];
}

/** Judges a window in the past by what the databases still say of it. */
export function reviewPast(facts: ReviewFacts): Review {
  const ofProviders = facts.providers.flatMap((each) => [
    ...syncsStopped(facts, each),
    ...tokensLapsed(facts, each),
    ...fromLedger(facts, each),
  ]);
  const ofJobs = facts.jobs.seen ? jobViolations(facts.jobs.value, facts) : [];
  const violations = [...ofProviders, ...ofJobs].sort((a, b) => a.atMs - b.atMs);
  const unknowable = whatCannotBeKnown(facts);
  const found = violations.map(({ atMs, evidence }, index): Reason => ({
    code: 'violation',
    text: `${index === 0 ? 'first cause, ' : ''}${instant(atMs)}: ${evidence}`,
  }));
  const nothing: Reason = {
    code: 'no_baseline',
    text: 'nothing wrong is recorded; that nobody wrote anything down does not prove that nothing happened',
  };
  return {
    facts,
    verdict: violations.length > 0 ? 'UNSTABLE' : 'INCONCLUSIVE',
    violations,
    reasons: violations.length > 0 ? found : [nothing],
    unknowable,
  };
}

/** Longer than half as long again as ever in the two weeks before is no longer the rhythm. */
const outOfRhythm = 1.5;

function silenceOf(
  { untilMs }: ReviewFacts,
  { syncs, overdueAfterMs }: ReviewedProvider,
): { readonly fromMs: number; readonly forMs: number; readonly usualMs: number | null } | null {
  if (!syncs.seen || syncs.value.silence === null) return null;
  const { silence, longestBeforeMs } = syncs.value;
  const forMs = (silence.toMs ?? untilMs) - silence.fromMs;
  const rhythmMs = longestBeforeMs === null ? Infinity : longestBeforeMs * outOfRhythm;
  if (forMs <= Math.min(rhythmMs, overdueAfterMs ?? Infinity)) return null;
  return { fromMs: silence.fromMs, forMs, usualMs: longestBeforeMs };
}

function syncsStopped(facts: ReviewFacts, provider: ReviewedProvider): PastViolation[] {
  const silence = silenceOf(facts, provider);
  if (silence === null) return [];
  const { fromMs, forMs, usualMs } = silence;
  const usual = usualMs === null ? '' : `; before, never for more than ${formatDistance(usualMs)}`;
  return [
    {
      check: 'syncs_overdue',
      provider: provider.provider,
      atMs: fromMs,
      evidence: `the syncs of ${provider.provider} stopped: no success was recorded for ${formatDistance(forMs)} after this${usual}`,
    },
  ];
}

/**
 * Tokens whose expiry passed in the window and still stands: nobody refreshed them since. Where an
 * application refreshes on use and goes on syncing, an idle token may lie expired in peace.
 */
function tokensLapsed(facts: ReviewFacts, provider: ReviewedProvider): PastViolation[] {
  const lapsed = lapsedTokens(facts, provider);
  const [first] = lapsed;
  if (first === undefined) return [];
  const silence = silenceOf(facts, provider);
  if (!provider.refreshedByUs && silence === null) return [];
  const inactive = lapsed.filter(({ active }) => !active).length;
  const last = lapsed.at(-1) ?? first;
  return [
    {
      check: 'tokens_expired',
      provider: provider.provider,
      atMs: first.atMs,
      evidence: `${plural(lapsed.length, 'token', 'tokens')} of ${provider.provider} expired from here to ${instant(last.atMs)} and were not refreshed since, first ${plain(first.id)}${inactive > 0 ? `; ${inactive} of them are inactive now` : ''}`,
    },
  ];
}

function lapsedTokens(
  { sinceMs, untilMs }: ReviewFacts,
  { tokens }: ReviewedProvider,
): { readonly id: string; readonly active: boolean; readonly atMs: number }[] {
  if (!tokens.seen) return [];
  return tokens.value
    .flatMap(({ id, active, expiresAtMs }) => {
      if (expiresAtMs === null || expiresAtMs < sinceMs) return [];
      return expiresAtMs + expiryLeewayMs < untilMs ? [{ id, active, atMs: expiresAtMs }] : [];
    })
    .sort((a, b) => a.atMs - b.atMs);
}

const ledgerChecks: Readonly<Record<string, readonly [CheckName, string]>> = {
  died: ['grants_died', 'died'],
  deactivated: ['tokens_lost', 'was switched off'],
  disappeared: ['tokens_lost', 'disappeared'],
  claim_abandoned: ['rotations_lost', 'lost its claim with whatever its journal held'],
};

function fromLedger({ ledger }: ReviewFacts, { provider }: ReviewedProvider): PastViolation[] {
  if (!ledger.seen) return [];
  return ledger.value.counts.flatMap((line): PastViolation[] => {
    if (line.provider !== provider) return [];
    const stored = line.event === 'failed' && line.reason === 'storage';
    const [check, what] = stored
      ? (['rotations_lost', 'could not be stored after a refresh'] as const)
      : (ledgerChecks[line.event] ?? [null, '']);
    if (check === null) return [];
    const more = line.count > 1 ? `, and so did ${line.count - 1} more in the window` : '';
    const evidence = `token ${plain(line.tokenId)} of ${provider} ${what}${more}`;
    return [{ check, provider, atMs: line.firstAtMs, evidence }];
  });
}

function whatCannotBeKnown(facts: ReviewFacts): string[] {
  const { providers, ledger, jobs, sinceMs } = facts;
  const list = [
    'whether the exporter, the database or the network was away: no polls of that time are kept',
    'tokens that expired and were refreshed later: a row keeps only its present expiry',
    ...(jobs.seen
      ? unknownOfJobs(jobs.value.history)
      : [
          `runs of scheduled jobs, but for what they wrote into the logs of syncs: ${jobs.because}`,
        ]),
  ];
  for (const { provider, tokens, syncs } of providers) {
    if (!tokens.seen) list.push(`tokens of ${provider}: ${tokens.because}`);
    if (!syncs.seen) list.push(`syncs of ${provider}: ${syncs.because}`);
    else if (syncs.value.silence === null) {
      list.push(
        `syncs of ${provider}: no success is recorded in the window or the two weeks before`,
      );
    } else if (syncs.value.longestBeforeMs === null) {
      list.push(`how regular the syncs of ${provider} were before: the log does not reach back`);
    }
  }
  if (!ledger.seen) list.push(`refreshes and dead grants: ${ledger.because}`);
  else if (ledger.value.beginsAtMs === null || ledger.value.beginsAtMs > sinceMs) {
    const { beginsAtMs } = ledger.value;
    list.push(
      `refreshes and dead grants before ${beginsAtMs === null ? 'now: the ledger is empty' : instant(beginsAtMs)}, where the ledger of the exporter begins`,
    );
  }
  return list;
}

/** `Review of fathom, 48 h since 2025-11-27 00:00:00Z: UNSTABLE` */
export function reviewTitle({ facts, verdict }: Review): string {
  const names = facts.providers.map(({ provider }) => provider).join(', ');
  return `Review of ${names}, ${hours(facts.untilMs - facts.sinceMs)} since ${instant(facts.sinceMs)}: ${verdict}`;
}

/** The parts of a review, for every format alike. */
export function reviewSections({ facts, reasons, unknowable }: Review): ReportSection[] {
  const refreshes = facts.providers.flatMap(({ provider }) =>
    facts.ledger.seen
      ? [`${provider}: ${describeFailureRate(refreshTotals(provider, facts.ledger.value.counts))}`]
      : [],
  );
  return [
    { kind: 'list', title: 'What the databases say', items: reasons.map(({ text }) => text) },
    { kind: 'list', title: 'Refreshes in the ledger', items: refreshes },
    {
      kind: 'list',
      title: 'Scheduled jobs',
      items: facts.jobs.seen ? jobLines(facts.jobs.value.history) : [],
    },
    { kind: 'list', title: 'What cannot be known afterwards', items: unknowable },
  ];
}

/** As JSON: keys are part of the interface. */
export function reviewJson({ facts, verdict, violations, reasons, unknowable }: Review): unknown {
  return {
    verdict,
    reasons,
    since: new Date(facts.sinceMs).toISOString(),
    until: new Date(facts.untilMs).toISOString(),
    providers: facts.providers.map(({ provider }) => provider),
    violations: violations.map(({ atMs, ...rest }) => ({
      at: new Date(atMs).toISOString(),
      ...rest,
    })),
    not_known: unknowable,
  };
}
