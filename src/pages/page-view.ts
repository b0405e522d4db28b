import type { Assessment } from '../assess/assess.js';
import type { Readiness } from '../publish/readiness.js';
import { runInSlices } from '../run-in-slices.js';
import { findConcerns } from './concerns.js';
import type { Concern } from './concerns.js';
import type { PageFacts, Sights } from './page-facts.js';
import { findReconnects } from './reconnect-entries.js';
import type { Reconnects } from './reconnect-entries.js';
import { indexTokens } from './token-index.js';
import type { TokenIndex } from './token-index.js';
import type { Visitor } from './visitor.js';

/** What one request shows: everything of one poll. */
export interface PageView {
  readonly facts: PageFacts;
  readonly visitor: Visitor;
  readonly assessment: Assessment;
  readonly readiness: Readiness;
  /** The database's clock at the last poll that reached it: what every page counts from; null: none did. */
  readonly nowMs: number | null;
  readonly tokens: TokenIndex;
  readonly concerns: readonly Concern[];
  /** Who must authorize again; with `all`, also those whom something else may help. */
  readonly reconnects: (all: boolean) => Promise<Reconnects>;
}

/** What a request shows once a poll has reached the database. */
export interface PolledView extends PageView {
  readonly nowMs: number;
}

export function isPolled(view: PageView): view is PolledView {
  return view.nowMs !== null;
}

type Derived = Pick<PageView, 'tokens' | 'concerns' | 'reconnects'>;

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
    nowMs: assessment.observedAt?.getTime() ?? null,
    ...(await known),
  };
}

async function derive({ config, host }: PageFacts, { last, lastGood }: Sights): Promise<Derived> {
  const lists = new Map<boolean, Promise<Reconnects>>();
  return {
    tokens: indexTokens(last.assessment, config.providers),
    reconnects(all) {
      const list =
        lists.get(all) ?? runInSlices(findReconnects(last.assessment, config.providers, all));
      lists.set(all, list);
      return list;
    },
    concerns: await runInSlices(findConcerns(last, lastGood, config, host)),
  };
}
