import { formatDistance } from '../../config/format-distance.js';
import { plural } from '../failure-bound.js';
import { lookAt } from './check.js';
import type { Check } from './check.js';

/** A message that Slack wants later leaves within a minute or two; ten have another reason. */
export const lateAfterMs = 10 * 60_000;

/** More messages to people have waited for ten minutes than at the baseline: nobody would hear. */
export const notificationsStuck: Check = {
  name: 'notifications_stuck',
  promise: 'no message to people got stuck',
  required: false,
  scope: 'common',
  wrongAlready: (count) =>
    count === 1 ? '1 message was stuck already' : `${count} messages were stuck already`,
  look: ({ outbox }) =>
    lookAt(outbox, ({ late, oldestForMs }) =>
      late === 0
        ? []
        : [
            {
              check: 'notifications_stuck',
              provider: null,
              key: '',
              affected: late,
              evidence: `${plural(late, 'message', 'messages')} could not be delivered for ${formatDistance(lateAfterMs)}; the oldest has waited for ${formatDistance(oldestForMs ?? lateAfterMs)}`,
              graceMs: 0,
            },
          ],
    ),
};
