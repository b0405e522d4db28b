import { hostname } from 'node:os';
import { performance } from 'node:perf_hooks';
import type { Router } from 'express';
import type { Assessment } from '../assess/assess.js';
import { nothingKnown } from '../assess/assess.js';
import { nothingRemembered } from '../assess/memories.js';
import type { Memories } from '../assess/memories.js';
import type { AdminFacts } from '../pages/admin/page-actions.js';
import { createSessions } from '../pages/admin/sessions.js';
import type { Sights } from '../pages/page-facts.js';
import { createPageRecords } from '../pages/page-records.js';
import { pageRoutes } from '../pages/routes.js';
import type { Readiness } from '../publish/readiness.js';
import type { AppParts } from './app-parts.js';
import { mergeSights } from './merge-sights.js';

/** The status page, and how it hears of a poll. */
export interface ShownPages {
  readonly routes: Router;
  readonly show: (assessment: Assessment, memories: Memories) => void;
}

/** Builds the status page: it shows what the polls brought, and asks the memory for the rest. */
export function showPages(
  { config, statePool }: AppParts,
  admin: Pick<AdminFacts, 'door' | 'actions'> | null,
  facts: { readonly version: string; readonly demo: boolean },
  readiness: () => Readiness,
  journalProblem: () => string | null | undefined,
): ShownPages {
  const monotonicMs = () => performance.now();
  let sights: Sights = {
    last: { assessment: nothingKnown, memories: nothingRemembered, journalProblem: undefined },
    lastGood: null,
  };
  return {
    routes: pageRoutes({
      ...facts,
      host: hostname(),
      config,
      sights: () => sights,
      readiness,
      records: createPageRecords(statePool, monotonicMs),
      admin: admin && { ...admin, sessions: createSessions(monotonicMs) },
    }),
    show(assessment, memories) {
      const sight = { assessment, memories, journalProblem: journalProblem() };
      sights = mergeSights(sights, sight, config);
    },
  };
}
