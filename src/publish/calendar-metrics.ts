import type { Registry } from 'prom-client';
import type { Assessment } from '../assess/assess.js';
import { expiryOutcomes, isoDay } from '../assess/expiry-calendar.js';
import { gauge } from './gauge.js';

/** The metric of the expiry calendar. */
export interface CalendarMetrics {
  readonly record: (providers: Assessment['providers']) => void;
}

/**
 * Creates the metric of the expiry calendar.
 *
 * A day is a date, which a bar chart sorts as it stands and which means the same tomorrow; a day or
 * an outcome without a token has no series. That is at most 90 days times four outcomes for a
 * provider at a time, and one new date a day.
 */
export function createCalendarMetrics(registry: Registry): CalendarMetrics {
  const expiring = gauge(
    registry,
    'oauth_tokens_expiring_on',
    'Tokens that expire on each of the next 90 days (UTC), by what will come of them at their expiry.',
    ['provider', 'day', 'outcome'],
  );
  return {
    record(providers) {
      expiring.reset();
      for (const [provider, { calendar }] of providers) {
        for (const { day, counts } of calendar?.days ?? []) {
          for (const outcome of expiryOutcomes) {
            const labels = { provider, day: isoDay(day), outcome };
            if (counts[outcome] > 0) expiring.set(labels, counts[outcome]);
          }
        }
      }
    },
  };
}
