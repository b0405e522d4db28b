import { z } from 'zod';
import { durationForm, isDuration, toMs } from './duration.js';
import { environmentVariables } from './environment.js';
import { duration, textAs } from './schema-parts.js';
import { strictMap } from './strict-map.js';

const fewPolls = 'must be a whole number from 1 to 10';
const polls = z.int(fewPolls).min(1, fewPolls).max(10, fewPolls).default(2);
const share = 'must be a number above 0, at most 1';

/** A duration that may be nothing. */
const optionalWait = textAs(
  (text) => (text === '0s' ? 0 : isDuration(text) ? toMs(text) : null),
  `a duration: write 0s, or ${durationForm}`,
);

/** When people are told of an incident. */
export const incidentsSchema = strictMap({
  open_after_polls: polls,
  recover_after_polls: polls,
  group_wait: optionalWait.prefault(environmentVariables.INCIDENT_GROUP_WAIT.default),
  update_interval: duration.prefault('5m'),
  first_reminder: duration.prefault('4h'),
  longest_reminder: duration.prefault('24h'),
  memory_away_after: duration.prefault('2m'),
  cliff_share: z.number(share).gt(0, share).max(1, share).default(0.5),
}).refine(
  ({ first_reminder, longest_reminder }) => first_reminder <= longest_reminder,
  'first_reminder must not be longer than longest_reminder',
);

/** What the environment sets. */
export const incidentsEnvironment = { INCIDENT_GROUP_WAIT: optionalWait.optional() };
