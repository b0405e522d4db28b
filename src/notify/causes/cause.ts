import type { Assessment } from '../../assess/assess.js';
import type { ProviderAssessment } from '../../assess/assess-provider.js';
import type { Memories, ProviderMemory } from '../../assess/memories.js';
import type { IncidentsConfig } from '../../config/notify-config.js';
import type { ProviderConfig } from '../../config/config.js';
import type { Incident } from '../../store/incidents.js';
import type { Severity } from '../notice.js';

/** Something that may go wrong and that people must know of. Adding one is one entry in causes.ts. */
export type Cause = ProviderCause | ExporterCause;

interface CauseTexts {
  /** Metric label value, and what `silence --cause` takes. */
  readonly name: string;
  readonly severity: Severity;
  /** One poll is enough to be sure. */
  readonly opensAtOnce: boolean;
  /** Heading of docs/runbook.md, as an anchor. */
  readonly runbook: string;
  /** The same each time but for its numbers; must read well after "OPEN" and after "RECOVERED". */
  readonly title: (affected: number, outOf: number | null) => string;
  /** In words a person understands. */
  readonly explanation: string;
  readonly nextStep: string;
  /** What proves that it is over. */
  readonly proof: string;
}

/** One incident per provider. */
export interface ProviderCause extends CauseTexts {
  readonly scope: 'provider';
  readonly find: (context: ProviderContext, previous: Incident | null) => Finding;
}

/** One incident for all replicas, or, where each has its own, one per replica. */
export interface ExporterCause extends CauseTexts {
  readonly scope: 'exporter' | 'replica';
  readonly find: (context: CauseContext, previous: Incident | null) => Finding;
}

/** What a poll says of a cause. */
export type Finding =
  /** It could not see it: no evidence for or against. */
  { readonly seen: false } | Seen;

export interface Seen {
  readonly seen: true;
  /** None: it is over. */
  readonly affected: readonly Affected[];
  /** Of how many; null where that means nothing. */
  readonly outOf: number | null;
  /** What only this poll can tell, as a sentence. Holds no secret. */
  readonly detail: string | null;
  /** What became of one that is no longer affected. */
  readonly whereabouts: (id: string) => Whereabouts;
}

/** `repaired`: there is evidence that it is well. The others are no recovery, and people are told so. */
export type Whereabouts = 'repaired' | 'switched_off' | 'gone';

/** One of those that a cause affects. */
export interface Affected {
  readonly id: string;
  /** What people know it by: the user or organisation; null: there is nothing to list. */
  readonly subject: string | null;
  /** Personal data: whoever tells people shows it as configured. */
  readonly account: string | null;
}

/** What causes are found in. */
export interface CauseContext {
  readonly assessment: Assessment;
  /** As of this poll: empty where it failed. */
  readonly memories: Memories;
  /** By the database's clock. */
  readonly nowMs: number;
  readonly config: IncidentsConfig;
  /** Why nothing is refreshed by this replica; null: its journal is well, or none is needed. */
  readonly journalProblem: string | null;
  /** Whether that is known. */
  readonly journalTried: boolean;
  /** Why this poll brought nothing at all, as a sentence; null: it reached the database. */
  readonly pollFailure: string | null;
  /** Why incidents can't be remembered, for a memory that can't be reached; null: it can. */
  readonly memoryAway: string | null;
}

/** The same, for one provider. */
export interface ProviderContext extends CauseContext {
  readonly provider: ProviderConfig;
  readonly assessed: ProviderAssessment;
  /** null: this poll could not see its tokens, or not remember them. */
  readonly memory: ProviderMemory | null;
}

/** This poll says nothing of it. */
export const unseen: Finding = { seen: false };

/** Something that has no members: it is so, or it is not. */
export function whole(isSo: boolean, id: string, detail: string | null = null): Finding {
  return {
    seen: true,
    affected: isSo ? [{ id, subject: null, account: null }] : [],
    outOf: null,
    detail,
    whereabouts: () => 'repaired',
  };
}
