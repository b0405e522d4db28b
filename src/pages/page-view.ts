import type { Assessment } from '../assess/assess.js';
import type { Readiness } from '../publish/readiness.js';
import { runInSlices } from '../run-in-slices.js';
import { findConcerns } from './concerns.js';
import type { Concern } from './concerns.js';
import type { PageFacts, Sights } from './page-facts.js';
import { indexTokens } from './token-index.js';
import type { TokenIndex } from './token-index.js';
import type { Visitor } from './visitor.js';

/** What one request shows: everything of one poll. */
export interface PageView {
  readonly facts: PageFacts;
  readonly visitor: Visitor;
  readonly assessment: Assessment;
  readonly readiness: Readiness;
  /** The database's clock at the last poll that reached it: what every page counts from. */
  readonly nowMs: number;
  readonly tokens: TokenIndex;
  readonly concerns: readonly Concern[];
}

interface Derived {
  readonly tokens: TokenIndex;
  readonly concerns: readonly Concern[];
}

/** Worked out once per poll, when somebody looks for the first time, with the event loop turning. */
const derived = new WeakMap<Sights, Promise<Derived>>();

/** Gathers what a request shows. */
export async function viewOf(facts: PageFacts, visitor: Visitor): Promise<PageView> {
  const sights = facts.sights();
  const { assessment } = sights.last;
  const known = derived.get(sights) ?? derive(facts, sights);
  derived.set(sights, known);
  return {
    facts,
    visitor,
    assessment,
    readiness: facts.readiness(),
    nowMs: assessment.observedAt?.getTime() ?? 0,
    ...(await known),
  };
}

async function derive({ config, host }: PageFacts, { last, lastGood }: Sights): Promise<Derived> {
  return {
    tokens: indexTokens(last.assessment, config.providers),
    concerns: await runInSlices(findConcerns(last, lastGood, config, host)),
  };
}
