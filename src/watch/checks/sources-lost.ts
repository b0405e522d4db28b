import { plain } from '../finding.js';
import type { Check } from './check.js';

/**
 * Everything that could be read at the baseline can still be read. It finds nothing: a table that is
 * gone or has drifted makes a watch blind, which is no proof of a fault and never passes for none.
 */
export const sourcesLost: Check = {
  name: 'sources_lost',
  promise: 'every table could be read, and none changed its shape',
  required: false,
  scope: 'provider',
  wrongAlready: () => 'a table was lost already',
  look: ({ sources }) => {
    const lost = sources.filter(({ up }) => up === false);
    if (lost.length === 0) return { kind: 'observed', findings: [] };
    const because = lost
      .map(
        ({ name, state, reason }) => `${name} is ${state}${reason === null ? '' : `: ${reason}`}`,
      )
      .join('; ');
    return { kind: 'unobservable', because: plain(because) };
  },
};
