import { hostname } from 'node:os';
import { performance } from 'node:perf_hooks';
import type { Router } from 'express';
import type { Assessment } from '../assess/assess.js';
import { nothingKnown } from '../assess/assess.js';
import { nothingRemembered } from '../assess/memories.js';
import type { Memories } from '../assess/memories.js';
import type { AdminFacts } from '../pages/admin/page-actions.js';
import { createSessions } from '../pages/admin/sessions.js';
import type { PageFacts, Sights } from '../pages/page-facts.js';
import { createPageRecords } from '../pages/page-records.js';
import { prepareView } from '../pages/page-view.js';
import { pageRoutes } from '../pages/routes.js';
import type { Readiness } from '../publish/readiness.js';
import { messageOf } from './app-parts.js';
import type { AppParts } from './app-parts.js';
import { mergeSights } from './merge-sights.js';

/** The status page, and how it hears of a poll. */
export interface ShownPages {
  readonly routes: Router;
  readonly show: (assessment: Assessment, memories: Memories) => void;
}

/** Builds the status page: it shows what the polls brought, and asks the memory for the rest. */
export function showPages(
  { config, statePool, log }: AppParts,
  admin: Pick<AdminFacts, 'door' | 'actions'> | null,
  exporter: { readonly version: string; readonly demo: boolean },
  readiness: () => Readiness,
  journalProblem: () => string | null | undefined,
): ShownPages {
  const monotonicMs = () => performance.now();
  let newest: Sights = {
    last: { assessment: nothingKnown, memories: nothingRemembered, journalProblem: undefined },
    lastGood: null,
  };
  let shown = newest;
  let preparing = false;
  const facts: PageFacts = {
    ...exporter,
    host: hostname(),
    config,
    sights: () => shown,
    readiness,
    records: createPageRecords(statePool, monotonicMs),
    admin: admin && { ...admin, sessions: createSessions(monotonicMs) },
  };
  /** A poll is shown once its pages can be drawn at once; until then the one before is. */
  const prepare = async (): Promise<void> => {
    if (preparing) return;
    preparing = true;
    try {
      while (shown !== newest) {
        const sights = newest;
        await prepareView(facts, sights);
        shown = sights;
      }
    } catch (error) {
      // A page that is asked for meets the same fault, and answers with it.
      shown = newest;
      log.error('the pages could not be prepared: please report it', { error: messageOf(error) });
    } finally {
      preparing = false;
    }
  };
  return {
    routes: pageRoutes(facts),
    show(assessment, memories) {
      const sight = { assessment, memories, journalProblem: journalProblem() };
      newest = mergeSights(newest, sight, config);
      // Whoever waited for the first poll finds it.
      if (shown.last.assessment === nothingKnown) shown = newest;
      else void prepare();
    },
  };
}
