import { DatabaseError } from '../database/explain-database-error.js';
import type { Query } from '../database/read-snapshot.js';
import { writeTransaction } from '../database/write-transaction.js';
import { formatInstant } from '../config/format-instant.js';
import { describeScope, planSilence } from '../notify/plan-silence.js';
import { adminPage } from '../pages/admin/page-actions.js';
import type { ActionOutcome, PageActions } from '../pages/admin/page-actions.js';
import { askRefreshes } from '../remedy/ask-refreshes.js';
import { refuseRefresh } from '../remedy/refuse-refresh.js';
import type { RequestState } from '../store/refresh-requests.js';
import { addSilence, endSilence } from '../store/silences.js';
import { messageOf } from './app-parts.js';
import type { AppParts } from './app-parts.js';
import type { WatchAnswer, WatchControl } from './watch-control.js';

/** A page waits for an outcome no longer than a person does. */
const patience = { untilTakenMs: 10_000, untilOutcomeMs: 20_000 };

/**
 * What an admin does on the pages, by the functions that the commands use. What was done, and by
 * whom, is kept where the commands keep it: in the ledger, in the silence, in the watch.
 */
export function createPageActions(
  { config, statePool, log }: Pick<AppParts, 'config' | 'statePool' | 'log'>,
  watches: WatchControl,
): PageActions {
  const run = <T>(work: (query: Query) => Promise<T>) => writeTransaction(statePool, work);
  const attempt = async (work: () => Promise<ActionOutcome>): Promise<ActionOutcome> => {
    try {
      return await work();
    } catch (error) {
      log.warn('an action on the admin page failed', { error: messageOf(error) });
      const known = error instanceof DatabaseError ? error.message : null;
      return failed(known ?? 'That could not be done now: the exporter’s log says why.');
    }
  };
  const tell = (action: string, fields: Readonly<Record<string, unknown>>) => {
    log.info(`${action} on the admin page`, fields);
  };

  return {
    refresh: ({ provider, tokenId, grant, assessed }, gone) =>
      attempt(async () => {
        const hasRefreshToken = assessed?.hasRefreshToken ?? null;
        const refusal = refuseRefresh(config.providers, { provider, grant, hasRefreshToken });
        if (refusal !== null) return failed(`It can’t be refreshed: ${refusal}.`);
        tell('a refresh was asked for', { provider, token: tokenId });
        const wanted = [{ provider, tokenId }];
        const [request] = await askRefreshes(run, wanted, adminPage, patience, gone);
        return outcomeOf(request);
      }),
    startWatch: (request) =>
      attempt(async () => {
        const answer = await watches.start({ ...request, startedBy: adminPage });
        if (answer.id === null) return failed(`No watch was started: ${errorIn(answer)}.`);
        return done(
          `Watch ${String(answer.id)} is started: the next poll takes its baseline, and every one after it a sample.`,
        );
      }),
    stopWatch: (id, reason) =>
      attempt(async () => {
        const answer = await watches.stop(id, { by: adminPage, reason });
        return answer.status === 200
          ? done(`Watch ${String(id)} is stopped. Its report says what it saw until now.`)
          : failed(`Nothing was stopped: ${errorIn(answer)}.`);
      }),
    silence: (request) =>
      attempt(async () => {
        const names = config.providers.map(({ name }) => name);
        const planned = planSilence(request, names);
        if (!planned.ok) return failed(`Nothing is silenced: ${planned.problem.text}.`);
        const { silence } = planned;
        const { id, endsAt } = await run((query) =>
          addSilence(query, { ...silence, createdBy: adminPage }),
        );
        tell('a silence was begun', { silence: id });
        const until = formatInstant(endsAt.getTime()) ?? '';
        return done(`Nobody is told of ${describeScope(silence)} until ${until}.`);
      }),
    unsilence: (id) =>
      attempt(async () => {
        const ended = await run((query) => endSilence(query, id, adminPage));
        if (ended === null) return failed(`No silence ${String(id)} holds now: it has ended.`);
        tell('a silence was ended', { silence: id });
        return done(`People are told of ${describeScope(ended)} again.`);
      }),
  };
}

/** What a request came to. */
function outcomeOf(request: RequestState | undefined): ActionOutcome {
  if (request?.taken !== true) {
    return failed(
      'No running exporter took the request, so nothing was sent: it may be stopping, or its journal can’t be used. The overview says what is wrong.',
    );
  }
  if (request.answer === null) {
    const text =
      'The provider has not answered yet. What comes of it will stand under “What happened”.';
    return { kind: 'under_way', text };
  }
  const { outcome, reason, detail } = request.answer;
  if (outcome === 'refreshed') return done(`Refreshed: ${detail}.`);
  if (outcome === 'left_alone') return failed(`Nothing was sent: ${detail}.`);
  return failed(`The refresh failed${reason === null ? '' : ` (${reason})`}: ${detail}.`);
}

function done(text: string): ActionOutcome {
  return { kind: 'done', text };
}

function failed(text: string): ActionOutcome {
  return { kind: 'failed', text };
}

function errorIn({ body }: WatchAnswer): string {
  const { error } = body as { readonly error?: unknown };
  return typeof error === 'string' ? error : 'the exporter did not say why';
}
