import type { Query } from '../database/read-snapshot.js';
import { writeTransaction } from '../database/write-transaction.js';
import type { Notifier } from '../notify/notifier.js';
import { readWatches } from '../store/watches.js';
import { reportJson } from '../watch/report.js';
import { watchJson } from '../watch/watch-json.js';
import { planWatch } from '../watcher/plan-watch.js';
import type { WatchRequest } from '../watcher/plan-watch.js';
import { readKeptWatches, readReport } from '../watcher/read-watches.js';
import { startWatch, stopWatch } from '../watcher/start-watch.js';
import type { EnqueueWatchNotice, HandEnded } from '../watcher/start-watch.js';
import { readAnyClock, readWatchClock } from '../watcher/watch-clock.js';
import { watchMessage } from '../watcher/watch-message.js';
import type { AppParts } from './app-parts.js';

/** What a request comes to: the status and the body of its answer. */
export interface WatchAnswer {
  readonly status: 200 | 201 | 400 | 404 | 409;
  readonly body: unknown;
}

/** What may be done to watches over HTTP: what the commands do, through the same functions. */
export interface WatchControl {
  readonly start: (request: WatchRequest) => Promise<WatchAnswer & { readonly id: number | null }>;
  readonly list: () => Promise<WatchAnswer>;
  /** null: the newest. */
  readonly report: (id: number | null) => Promise<WatchAnswer>;
  readonly stop: (
    id: number,
    stop: { readonly by: string; readonly reason: string },
  ) => Promise<WatchAnswer>;
}

const mostListed = 100;

/** Controls the watches of the running exporter. Throws what its databases say. */
export function createWatchControl(
  { config, databases, statePool, log }: AppParts,
  notifier: Notifier,
): WatchControl {
  const sources = [...databases.all.values()];
  const run = <T>(work: (query: Query) => Promise<T>) => writeTransaction(statePool, work);
  const enqueue: EnqueueWatchNotice = (query, notice) =>
    notifier.enqueue(query, watchMessage(notice));
  const anyClock = () => readAnyClock(sources, run, Date.now);
  const announce = (ended: HandEnded | null) => {
    if (ended !== null) notifier.announce([watchMessage(ended.notice)]);
  };
  const refuse = (status: 400 | 404 | 409, error: string) => ({
    status,
    body: { error },
    id: null,
  });

  return {
    async start(request) {
      const planned = planWatch(config, request);
      if (!planned.ok) {
        const { about, text } = planned.problem;
        return refuse(400, about === null ? text : `"${about}" ${text}`);
      }
      const terms = planned.at(await readWatchClock(sources, Date.now));
      const { id, replaced } = await run((query) => startWatch(query, terms, enqueue));
      announce(replaced);
      if (id === null)
        return refuse(409, 'somebody has just started a watch of the same providers');
      log.info('a stability watch was started over HTTP', { watch: id, by: terms.startedBy });
      const body = {
        id,
        replaced: replaced?.id ?? null,
        providers: terms.providers,
        started_at: new Date(terms.startedAtMs).toISOString(),
        deadline_at: new Date(terms.deadlineAtMs).toISOString(),
      };
      return { status: 201, body, id };
    },
    async list() {
      const kept = await run((query) => readKeptWatches(query, mostListed));
      const nowMs = await anyClock();
      return { status: 200, body: { watches: kept.map((each) => watchJson(each, nowMs)) } };
    },
    async report(id) {
      const report = await readReport(run, id, anyClock);
      if (report === null) {
        return refuse(404, id === null ? 'no watch was ever started' : noWatch(id));
      }
      return { status: 200, body: reportJson(report) };
    },
    async stop(id, stop) {
      const atMs = await anyClock();
      const ended = await run((query) => stopWatch(query, id, { atMs, ...stop }, enqueue));
      if (ended === null) {
        const known = await run((query) => readWatches(query, { id, limit: 1 }));
        return known.length === 0
          ? refuse(404, noWatch(id))
          : refuse(409, `watch ${String(id)} is not active: it has ended`);
      }
      announce(ended);
      log.info('a stability watch was stopped over HTTP', { watch: id, by: stop.by });
      return { status: 200, body: { id, verdict: ended.end.judgement.verdict } };
    },
  };
}

function noWatch(id: number): string {
  return `there is no watch ${String(id)}`;
}
