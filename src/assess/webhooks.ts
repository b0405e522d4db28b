import type { ProviderWebhooks } from '../config/jobs-config.js';
import type { ProviderSurroundings } from '../observe/surroundings.js';
import type { ObservedArrivals, ObservedEvents } from '../observe/webhooks.js';

/** What can be wrong with a provider's webhooks: values of the `problem` label. */
export const webhookProblems = [
  /** Nothing has come for longer than configured. */
  'silent',
  /** Half of what came took longer than configured. */
  'delayed',
  /** It took that long because it came with the runs of a job and not by webhook. */
  'carried_by_cron',
  /** Many of the events taken in failed. */
  'failing',
] as const;
export type WebhookProblem = (typeof webhookProblems)[number];

/** How the webhooks of a provider do, after a poll. null: not configured, or not known yet. */
export interface WebhookAssessment {
  readonly arrivals: ArrivalAssessment | null;
  readonly events: ObservedEvents | null;
  readonly problems: readonly WebhookProblem[];
}

export interface ArrivalAssessment {
  readonly lastReceivedAtMs: number | null;
  /** Within the window. */
  readonly received: number;
  readonly delayMs: ObservedArrivals['delayMs'];
  /** Most of them came in the same few minutes of their hours. */
  readonly isClustered: boolean;
  /** By itself: for a problem it takes a delay, too. */
  readonly measured: number;
}

/** Fewer than that say nothing of a delay or of a ratio. */
export const fewestToJudge = 5;
/** Fewer arrivals than that fall together by chance. */
const fewestClustered = 10;
const clusterMinutes = 6;
const clusterShare = 0.8;
const failingShare = 0.2;

/** Judges a provider's webhooks at `now`; what this poll could not see stays as it was. */
export function assessWebhooks(
  config: ProviderWebhooks | null,
  observed: ProviderSurroundings | undefined,
  previous: WebhookAssessment | null,
  now: Date,
): WebhookAssessment | null {
  if (config === null) return null;
  const arrivals = observed?.arrivals?.known
    ? assessArrivals(observed.arrivals.value)
    : (previous?.arrivals ?? null);
  const events = observed?.events?.known ? observed.events.value : (previous?.events ?? null);
  if (arrivals === null && events === null) return null;
  return { arrivals, events, problems: findProblems(config, arrivals, events, now) };
}

function assessArrivals(observed: ObservedArrivals): ArrivalAssessment {
  const { lastReceivedAtMs, received, measured, delayMs, byMinute } = observed;
  return { lastReceivedAtMs, received, measured, delayMs, isClustered: isClustered(byMinute) };
}

/**
 * Whether most arrivals fall into the same tenth of an hour, as they do where a job brings them.
 * Calls end at full hours too, so that this alone says nothing: it explains a delay.
 */
export function isClustered(byMinute: readonly number[]): boolean {
  const total = byMinute.reduce((sum, count) => sum + count, 0);
  if (total < fewestClustered) return false;
  return byMinute.some((_, start) => {
    let within = 0;
    for (let minute = 0; minute < clusterMinutes; minute += 1) {
      within += byMinute[(start + minute) % byMinute.length] ?? 0;
    }
    return within >= clusterShare * total;
  });
}

function findProblems(
  { silentAfterMs, delayedAfterMs }: ProviderWebhooks,
  arrivals: ArrivalAssessment | null,
  events: ObservedEvents | null,
  now: Date,
): WebhookProblem[] {
  const lastMs = arrivals?.lastReceivedAtMs ?? null;
  // Where nothing ever came, nobody turned the webhooks on.
  const isSilent =
    silentAfterMs !== null && lastMs !== null && now.getTime() - lastMs > silentAfterMs;
  const isDelayed =
    arrivals?.delayMs != null &&
    arrivals.measured >= fewestToJudge &&
    arrivals.delayMs.median > delayedAfterMs;
  const finished = (events?.failed ?? 0) + (events?.succeeded ?? 0);
  const isFailing =
    events !== null && events.failed >= fewestToJudge && events.failed / finished > failingShare;
  return [
    ...(isSilent ? ['silent' as const] : []),
    ...(isDelayed ? ['delayed' as const] : []),
    ...(isDelayed && arrivals.isClustered ? ['carried_by_cron' as const] : []),
    ...(isFailing ? ['failing' as const] : []),
  ];
}
