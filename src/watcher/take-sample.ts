import type { Query } from '../database/read-snapshot.js';
import { readOutboxBacklog } from '../store/outbox-backlog.js';
import { askForRefreshes } from '../store/refresh-requests.js';
import { readLedgerSince } from '../store/watch-ledger.js';
import { saveBaseline, saveSample, saveWaiting } from '../store/watches.js';
import { absorbPoll } from '../watch/absorb-poll.js';
import type { OfferedPoll, WatchedConfiguration } from '../watch/absorb-poll.js';
import { lateAfterMs } from '../watch/checks/notifications-stuck.js';
import { endNotice } from '../watch/checkpoints.js';
import type { WatchNotice } from '../watch/checkpoints.js';
import { judge } from '../watch/judge.js';
import type { KeptWatch } from '../watch/parse-watch.js';
import { endWatch } from './end-watch.js';

export interface Sampled {
  readonly kept: KeptWatch;
  readonly notices: readonly WatchNotice[];
}

/**
 * Takes one poll into a watch that this transaction holds locked, and keeps what comes of it. Ends
 * the watch when the poll decides it or when its time is over.
 */
export async function takeSample(
  query: Query,
  kept: KeptWatch,
  poll: OfferedPoll,
  configuration: WatchedConfiguration,
): Promise<Sampled> {
  const { state } = kept;
  const { watch, baseline } = state;
  const ledger = await readLedgerSince(query, watch.providers, baseline?.ledgerId ?? null);
  const outbox = configuration.usesOutbox ? await readOutboxBacklog(query, lateAfterMs) : null;
  const absorbed = absorbPoll(state, poll, { ledger, outbox }, configuration);
  switch (absorbed.kind) {
    case 'ignored':
      return { kept, notices: [] };
    case 'over':
      return finish(query, kept, poll.nowMs);
    case 'waiting': {
      const { because } = absorbed;
      if (because !== kept.waitingBecause) await saveWaiting(query, watch.id, because);
      return { kept: { ...kept, waitingBecause: because }, notices: [] };
    }
    case 'sampled': {
      const { sample, newBaseline, wanted, checkpoint } = absorbed;
      if (newBaseline !== null) await saveBaseline(query, watch.id, newBaseline);
      await saveSample(query, watch.id, sample, absorbed.state.progress);
      if (wanted.length > 0) await askForRefreshes(query, wanted, `watch ${String(watch.id)}`);
      const after: KeptWatch = { ...kept, state: absorbed.state, waitingBecause: null };
      if (judge(absorbed.state, poll.nowMs).verdict !== 'RUNNING') {
        return finish(query, after, poll.nowMs);
      }
      return { kept: after, notices: checkpoint === null ? [] : [checkpoint] };
    }
  }
}

async function finish(query: Query, kept: KeptWatch, nowMs: number): Promise<Sampled> {
  const { state } = kept;
  const end = await endWatch(query, state, nowMs);
  return { kept: { ...kept, end }, notices: [endNotice(state, end.atMs)] };
}
