import { lookAt } from './check.js';
import type { Check } from './check.js';

/** More syncs have been running for longer than `syncs.stuck_after` than at the baseline. */
export const syncsStuck: Check = {
  name: 'syncs_stuck',
  promise: 'no sync got stuck',
  required: false,
  scope: 'provider',
  wrongAlready: (count) =>
    count === 1 ? '1 sync was stuck already' : `${count} syncs were stuck already`,
  look: ({ provider, stuckSyncs }) =>
    lookAt(stuckSyncs, (stuck) =>
      stuck === 0
        ? []
        : [
            {
              check: 'syncs_stuck',
              provider,
              key: '',
              affected: stuck,
              evidence: `${stuck} ${stuck === 1 ? 'sync has' : 'syncs have'} been running for longer than syncs.stuck_after`,
              graceMs: 0,
            },
          ],
    ),
};
