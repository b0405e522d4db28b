import type { Config } from '../config/config.js';
import type { Readiness } from '../publish/readiness.js';
import type { TokenSurroundings } from '../remedy/explain-token.js';
import type { ListedIncident } from '../store/incident-list.js';
import type { LedgerLine } from '../store/ledger.js';
import type { Silence } from '../store/silences.js';
import type { KeptWatch } from '../watch/parse-watch.js';
import type { WatchReport } from '../watch/report.js';
import type { AdminFacts } from './admin/page-actions.js';
import type { PollSight } from './concerns.js';

/** What the pages show, and how they get at it. app.ts passes the real ones. */
export interface PageFacts {
  readonly version: string;
  readonly demo: boolean;
  /** Names this replica, as its own incidents do. */
  readonly host: string;
  readonly config: Pick<Config, 'providers' | 'incidents' | 'pollIntervalMs' | 'notify'>;
  readonly sights: () => Sights;
  readonly readiness: () => Readiness;
  readonly records: PageRecords;
  /** null: nobody can log in. */
  readonly admin: AdminFacts | null;
}

/** What the polls brought. The same object until the next poll. */
export interface Sights {
  readonly last: PollSight;
  /** The last that reached the database; null: none did. */
  readonly lastGood: PollSight | null;
}

/** What is read from the exporter's memory when a page is asked for. Each answers soon. */
export interface PageRecords {
  /** `fresh`: not what somebody else was told a moment ago. */
  readonly incidents: (fresh: boolean) => Promise<Recorded<IncidentRecords>>;
  readonly token: (provider: string, tokenId: string) => Promise<Recorded<TokenSurroundings>>;
  /** Of a token that no poll sees any more; null: its row is not known to be gone. */
  readonly goneToken: (provider: string, tokenId: string) => Promise<Recorded<GoneToken | null>>;
  readonly watches: () => Promise<Recorded<readonly KeptWatch[]>>;
  /** null: there is no such watch. `nowMs` null: as of its last sample. */
  readonly watchReport: (id: number, nowMs: number | null) => Promise<Recorded<WatchReport | null>>;
}

export interface GoneToken {
  /** When a poll first missed its row. */
  readonly goneAtMs: number;
  readonly ledger: readonly LedgerLine[];
}

export interface IncidentRecords {
  readonly incidents: readonly ListedIncident[];
  readonly silences: readonly Silence[];
}

/** What the memory holds, or why it could not be asked. */
export type Recorded<T> =
  { readonly ok: true; readonly value: T } | { readonly ok: false; readonly problem: string };
