import type { Assessment } from '../assess/assess.js';
import type { ProviderAssessment } from '../assess/assess-provider.js';
import type { SourceAssessment } from '../assess/sources.js';
import type { SeenCron } from '../assess/cron-trouble.js';
import type { OutboxBacklog } from '../store/outbox-backlog.js';
import type { TroubleLine } from '../store/watch-ledger.js';
import type { ProviderView, Seen } from './checks/check.js';
import { plain } from './finding.js';
import type { FailedRuns } from './job-runs.js';
import type { PollView } from './look.js';

/** What of the configuration a watch must know of a provider. */
export interface WatchedProvider {
  readonly name: string;
  /** null: no syncs are mapped. */
  readonly overdueAfterMs: number | null;
  /** null: no webhooks are mapped, or their silence is no fault. */
  readonly silentAfterMs: number | null;
}

/**
 * What a poll saw of these providers, apart from what it only remembers of the polls before.
 *
 * An assessment keeps what a poll could not read; such a part is then the very object that the
 * assessment before it held, which is how it is told from news.
 */
export function viewPoll(
  assessment: Assessment,
  previous: Assessment,
  providers: readonly WatchedProvider[],
  evidence: {
    readonly atMs: number;
    readonly troubles: readonly TroubleLine[];
    /** null: nothing is known of scheduled jobs. */
    readonly cron: SeenCron | null;
    readonly failedRuns: readonly FailedRuns[];
    /** null: no message goes through the outbox. */
    readonly outbox: OutboxBacklog | null;
  },
): PollView {
  const { atMs, troubles, cron, failedRuns, outbox } = evidence;
  return {
    atMs,
    providers: providers.map((provider) =>
      viewProvider(
        provider,
        assessment.providers.get(provider.name),
        previous.providers.get(provider.name),
        sourcesOf(provider.name, assessment),
        { atMs, troubles: troubles.filter((each) => each.provider === provider.name) },
      ),
    ),
    common: {
      atMs,
      cron:
        cron === null
          ? unseen('no scheduled jobs are visible')
          : { seen: true, value: { troubles: cron.troubles, failedRuns } },
      outbox:
        outbox === null
          ? unseen('no webhook is configured, so messages go to the log')
          : { seen: true, value: outbox },
    },
  };
}

/** Sources that say nothing of tokens or syncs. */
const besides = ['job_log', 'webhook_arrivals', 'webhook_events'];

function viewProvider(
  { name, overdueAfterMs, silentAfterMs }: WatchedProvider,
  now: ProviderAssessment | undefined,
  before: ProviderAssessment | undefined,
  sources: readonly SourceAssessment[],
  rest: Pick<ProviderView, 'atMs' | 'troubles'>,
): ProviderView {
  const lost = whyLost(
    sources.filter(({ name: source }) => !besides.some((each) => source === `${name}:${each}`)),
  );
  const grants = now?.grants ?? null;
  const syncs = now?.syncs ?? null;
  const noSyncs = overdueAfterMs === null ? 'no syncs are mapped' : null;
  return {
    provider: name,
    ...rest,
    tokens: seenNow(
      grants,
      before?.grants ?? null,
      sources.find((source) => source.name === `${name}:tokens`)?.up === false ? lost : null,
      ({ tokens }) => tokens,
      'its tokens could not be read and remembered',
    ),
    syncs: seenNow(
      syncs,
      before?.syncs ?? null,
      lost,
      ({ overdue, maxLagMs }) => ({ overdue, maxLagMs }),
      noSyncs ?? 'its syncs could not be read',
    ),
    syncFailures: seenNow(
      now?.syncFailures ?? null,
      before?.syncFailures ?? null,
      lost,
      (value) => value,
      noSyncs ?? 'nothing that could be read says which syncs failed',
    ),
    stuckSyncs: seeStuck(now?.stuckSyncs ?? null, lost, noSyncs),
    webhooks: seeWebhooks(now, before, silentAfterMs, sources),
    overdueAfterMs,
    sources,
  };
}

/** A count has no identity. With none of the sources lost it is of this poll. */
function seeStuck(
  stuck: number | null,
  lost: string | null,
  noSyncs: string | null,
): ProviderView['stuckSyncs'] {
  return stuck !== null && lost === null
    ? { seen: true, value: stuck }
    : unseen(lost ?? noSyncs ?? 'nothing that could be read says which syncs run');
}

function seeWebhooks(
  now: ProviderAssessment | undefined,
  before: ProviderAssessment | undefined,
  silentAfterMs: number | null,
  sources: readonly SourceAssessment[],
): ProviderView['webhooks'] {
  if (silentAfterMs === null) return unseen('no silence of webhooks is a fault here');
  const arrivals = seenNow(
    now?.webhooks?.arrivals ?? null,
    before?.webhooks?.arrivals ?? null,
    whyLost(sources.filter(({ name }) => name.endsWith(':webhook_arrivals'))),
    ({ lastReceivedAtMs }) => lastReceivedAtMs,
    'nothing that could be read says when webhooks came',
  );
  if (!arrivals.seen) return arrivals;
  const lastReceivedAtMs = arrivals.value;
  if (lastReceivedAtMs === null) return unseen('nothing ever came by webhook');
  const isSilent = now?.webhooks?.problems.includes('silent') === true;
  return { seen: true, value: { lastReceivedAtMs, silentAfterMs, isSilent } };
}

function seenNow<T, U>(
  now: T | null,
  before: T | null,
  lost: string | null,
  take: (value: T) => U,
  otherwise: string,
): Seen<U> {
  if (now !== null && now !== before && lost === null) return { seen: true, value: take(now) };
  return unseen(lost ?? otherwise);
}

function unseen(because: string): { readonly seen: false; readonly because: string } {
  return { seen: false, because };
}

function sourcesOf(provider: string, { sources }: Assessment): SourceAssessment[] {
  return [...sources.values()].filter(({ name }) => name.startsWith(`${provider}:`));
}

function whyLost(sources: readonly SourceAssessment[]): string | null {
  const lost = sources.filter(({ up }) => up === false);
  if (lost.length === 0) return null;
  return plain(lost.map(({ name, reason }) => `${name}: ${reason ?? 'down'}`).join('; '));
}
