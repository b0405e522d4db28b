import { formatDistance } from '../../config/format-distance.js';
import { lookAt } from './check.js';
import type { Check } from './check.js';

/** More syncs are overdue than at the baseline. Tokens may look fine while nobody uses them. */
export const syncsOverdue: Check = {
  name: 'syncs_overdue',
  promise: 'no sync went overdue',
  required: false,
  scope: 'provider',
  wrongAlready: (count) =>
    count === 1 ? '1 sync was overdue already' : `${count} syncs were overdue already`,
  look: ({ provider, syncs }) =>
    lookAt(syncs, ({ overdue, maxLagMs }) =>
      overdue === 0
        ? []
        : [
            {
              check: 'syncs_overdue',
              provider,
              key: '',
              affected: overdue,
              evidence: `${overdue} ${overdue === 1 ? 'sync of an active token is' : 'syncs of active tokens are'} overdue${maxLagMs === null ? '' : `; the oldest success was ${formatDistance(maxLagMs)} ago`}`,
              graceMs: 0,
            },
          ],
    ),
};
