import { fewestToJudge } from '../assess/webhooks.js';
import type { WebhookAssessment, WebhookProblem } from '../assess/webhooks.js';
import type { ProviderWebhooks } from '../config/jobs-config.js';
import { formatDistance } from '../config/format-distance.js';
import { pluralOf } from '../config/plural.js';
import type { ProviderSurroundings } from '../observe/surroundings.js';
import type { Reading } from '../observe/reading.js';
import {
  fails,
  isUnknown,
  judgeFindings,
  notConfigured,
  notes as note,
  passes,
} from './verify-check.js';
import type { VerifyCheck, VerifyFinding } from './verify-check.js';

export interface WebhookFacts {
  readonly provider: string;
  /** null: it has none, or nobody told us where they show. */
  readonly config: ProviderWebhooks | null;
  readonly observed: Pick<ProviderSurroundings, 'arrivals' | 'events'> | null;
  readonly assessed: WebhookAssessment | null;
  readonly nowMs: number;
}

/** Judges whether webhooks arrive: only what came, and came soon, speaks for them. */
export function verifyWebhooks(facts: WebhookFacts): VerifyCheck {
  const { provider, config, observed, assessed } = facts;
  if (config === null) return notConfigured('webhooks', provider, 'no webhooks are mapped');
  const sources = [
    { reading: observed?.arrivals ?? null, table: config.arrivals },
    { reading: observed?.events ?? null, table: config.events },
  ].filter(({ table }) => table !== null);
  const absent = sources.filter(({ reading, table }) => isAbsent(reading, table?.optional ?? true));
  if (absent.length === sources.length) {
    const why = 'the tables in which they would show are not there, and need not';
    return notConfigured('webhooks', provider, why);
  }
  const unread = sources.flatMap((source) =>
    source.reading?.known === false && !absent.includes(source)
      ? [isUnknown(source.reading.reason, source.reading.remedy)]
      : [],
  );
  return judgeFindings('webhooks', provider, [
    ...unread,
    ...(assessed?.problems ?? []).map((problem) => findProblem(problem, config, assessed)),
    ...findArrivals(facts, config),
    ...findEvents(assessed),
  ]);
}

function isAbsent(reading: Reading<unknown> | null, isOptional: boolean): boolean {
  return isOptional && reading?.known === false && reading.state === 'missing';
}

const anchor = 'docs/runbook.md#oauthwebhooksimpaired';

function findProblem(
  problem: WebhookProblem,
  { delayedAfterMs, silentAfterMs }: ProviderWebhooks,
  assessed: WebhookAssessment | null,
): VerifyFinding {
  switch (problem) {
    case 'silent':
      return fails(`nothing has come for ${formatDistance(silentAfterMs ?? 0)} or longer`, anchor);
    case 'delayed': {
      const median = formatDistance(assessed?.arrivals?.delayMs?.median ?? delayedAfterMs);
      return fails(`half of what came took ${median} or longer`, anchor);
    }
    case 'carried_by_cron':
      return fails('what comes, comes with the runs of a job and not by webhook', anchor);
    case 'failing': {
      const { failed = 0, succeeded = 0 } = assessed?.events ?? {};
      return fails(`${pluralOf(failed, failed + succeeded, 'event')} failed`, anchor);
    }
  }
}

function findArrivals(
  { assessed, nowMs }: WebhookFacts,
  { arrivals: table, windowMs }: ProviderWebhooks,
): VerifyFinding[] {
  const arrivals = assessed?.arrivals ?? null;
  if (arrivals === null || table === null) return [];
  const { lastReceivedAtMs, received, measured, delayMs } = arrivals;
  if (lastReceivedAtMs === null) {
    return [isUnknown('nothing has ever come', 'register the webhook at the provider')];
  }
  const last = `the last came ${formatDistance(nowMs - lastReceivedAtMs)} ago`;
  const window = formatDistance(windowMs);
  if (received === 0) {
    return [isUnknown(`nothing came within ${window}; ${last}`, 'wait for the next event')];
  }
  if (table.eventAt.length === 0) return [passes(`${last}, ${String(received)} within ${window}`)];
  if (measured < fewestToJudge || delayMs === null) {
    const few = `${String(measured)} within ${window} say how late they came, too few to judge; ${last}`;
    return [isUnknown(few, 'verify again when more have come')];
  }
  const median = formatDistance(delayMs.median);
  const text = `${last}; half of ${String(measured)} within ${window} took at most ${median}`;
  return [assessed?.problems.includes('delayed') === true ? note(text) : passes(text)];
}

function findEvents(assessed: WebhookAssessment | null): VerifyFinding[] {
  const events = assessed?.events ?? null;
  if (events === null || assessed?.problems.includes('failing') === true) return [];
  const { succeeded, failed, other } = events;
  if (succeeded + failed + other === 0) return [];
  const text = `events: ${String(succeeded)} succeeded, ${String(failed)} failed, ${String(other)} open`;
  return [succeeded > 0 ? passes(text) : note(text)];
}
