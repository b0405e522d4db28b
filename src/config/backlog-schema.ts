import { z } from 'zod';
import type { BacklogConfig } from './backlog-config.js';
import { name, table, values } from './schema-parts.js';
import { strictMap } from './strict-map.js';

/** What of an application's items may still be missing after an outage. */
export const backlogSchema = strictMap({
  table,
  subject: name,
  at: name,
  missing: z.array(name).min(1, 'must list at least one column'),
  where: z.record(name, values).default({}),
}).transform(({ table, ...rest }): BacklogConfig => ({ ...table, ...rest }));
