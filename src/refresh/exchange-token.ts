import type { LockedAt } from './app-rows.js';
import type { Exchange, Unanswered } from './exchange.js';

/** What sending a refresh token needs of the outside. */
export interface ExchangeEffects {
  /**
   * Reads the row under a lock that is gone again; tells the database's time of the reading.
   * null: the database could not be asked.
   */
  readonly lockRow: (tokenId: string) => Promise<LockedAt | null>;
  readonly send: (refreshToken: string) => Promise<Exchange>;
  /** The same refresh token is about to be sent again. */
  readonly noteRepeated: (tokenId: string) => void;
}

/**
 * Sends the request, and once more at once when the connection broke before the answer was whole.
 *
 * A provider with a grace period answers the second as it did the first, one that never got the
 * first answers it anyway, and to any other a later repetition would be no better. After the
 * deadline there is no hurry left: what comes next is another attempt.
 */
export async function exchangeToken(
  tokenId: string,
  used: string,
  effects: ExchangeEffects,
): Promise<Exchange> {
  const exchange = await effects.send(used);
  if (exchange.ok || !isBroken(exchange) || !(await stillHolds(tokenId, used, effects))) {
    return exchange;
  }
  effects.noteRepeated(tokenId);
  return effects.send(used);
}

/** New tokens may have been on their way when the connection broke. */
function isBroken({ reason, mayHaveArrived, halfReadStatus }: Unanswered): boolean {
  return reason === 'network' && mayHaveArrived && (halfReadStatus ?? 200) < 300;
}

/** Whether the row still holds this refresh token, and could be written now. */
export async function stillHolds(
  tokenId: string,
  used: string,
  { lockRow }: Pick<ExchangeEffects, 'lockRow'>,
): Promise<boolean> {
  const locked = (await lockRow(tokenId))?.locked;
  return locked?.kind === 'row' && locked.row.refreshToken === used;
}
