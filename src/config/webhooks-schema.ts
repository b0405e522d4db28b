import { z } from 'zod';
import type { ArrivalTable, EventTable } from './jobs-config.js';
import { duration, name, optional, table, values } from './schema-parts.js';
import { strictMap } from './strict-map.js';

const conditions = z.record(name, values).default({});

const arrivals = strictMap({
  table,
  received_at: name,
  event_at: z.array(name).default([]),
  where: conditions,
  except: conditions,
  optional,
}).transform(({ table, received_at, event_at, ...rest }): ArrivalTable => ({
  ...table,
  ...rest,
  receivedAt: received_at,
  eventAt: event_at,
}));

const events = strictMap({
  table,
  at: name,
  status: name,
  succeeded: values,
  failed: values,
  where: conditions,
  optional,
}).transform(({ table, ...rest }): EventTable => ({ ...table, ...rest }));

/** Where it shows that a provider's webhooks arrive. */
export const webhooksSchema = strictMap({
  arrivals: arrivals.nullable().default(null),
  events: events.nullable().default(null),
  window: duration.prefault('24h'),
  silent_after: duration.nullable().default(null),
  delayed_after: duration.prefault('15m'),
});
