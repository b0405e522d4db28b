import { hostname } from 'node:os';
import { performance } from 'node:perf_hooks';
import type { Router } from 'express';
import type { Assessment } from '../assess/assess.js';
import { nothingKnown } from '../assess/assess.js';
import { nothingRemembered } from '../assess/memories.js';
import type { Memories } from '../assess/memories.js';
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
  facts: { readonly version: string; readonly demo: boolean },
  readiness: () => Readiness,
  journalProblem: () => string | null | undefined,
): ShownPages {
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
      records: createPageRecords(statePool, () => performance.now()),
    }),
    show(assessment, memories) {
      const sight = { assessment, memories, journalProblem: journalProblem() };
      sights = mergeSights(sights, sight, config);
    },
  };
}
