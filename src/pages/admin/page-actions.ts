import type { SilenceRequest } from '../../notify/plan-silence.js';
import type { AdminDoor } from '../../publish/admin-door.js';
import type { WatchRequest } from '../../watcher/plan-watch.js';
import type { ListedToken } from '../listed-token.js';
import type { Sessions } from './sessions.js';

/** Who did it, where the commands write the name of a person: whoever has the ADMIN_TOKEN. */
export const adminPage = 'admin page';

/** What came of an action, in words for whoever asked for it: with the cause and the next step. */
export interface ActionOutcome {
  /** under_way: what comes of it is not known yet. */
  readonly kind: 'done' | 'under_way' | 'failed';
  readonly text: string;
}

/** What an admin can do: what the commands do, through the same functions. None of it throws. */
export interface PageActions {
  /** Stops waiting for the outcome when `gone`. */
  readonly refresh: (token: ListedToken, gone: AbortSignal) => Promise<ActionOutcome>;
  readonly startWatch: (request: Omit<WatchRequest, 'startedBy'>) => Promise<ActionOutcome>;
  readonly stopWatch: (id: number, reason: string) => Promise<ActionOutcome>;
  readonly silence: (request: SilenceRequest) => Promise<ActionOutcome>;
  readonly unsilence: (id: number) => Promise<ActionOutcome>;
}

/** What the pages need to let somebody in, and to do what they want. */
export interface AdminFacts {
  readonly door: AdminDoor;
  readonly sessions: Sessions;
  readonly actions: PageActions;
}
