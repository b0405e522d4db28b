import { reconnectNeed } from './reconnect-need.js';
import type { ReconnectReason } from './reconnect-need.js';
import type { JudgedToken } from './judged-token.js';

/** A token whose user was asked, or was seen, to authorize again. */
export interface AskedToken {
  readonly provider: string;
  readonly tokenId: string;
  readonly subject: string | null;
  readonly askedAt: Date;
}

export type ReturnVerdict =
  | { readonly kind: 'back'; readonly token: JudgedToken }
  | { readonly kind: 'not_back'; readonly token: JudgedToken; readonly reason: ReconnectReason }
  /** The row is gone and its user has no other: disconnected, and not connected again. */
  | { readonly kind: 'gone' };

/** One who was asked, and whether they came back. */
export interface Returned {
  readonly asked: AskedToken;
  readonly verdict: ReturnVerdict;
}

/**
 * Tells for each token whether its user came back by `nowMs`: its row is on and its grant and access
 * token are alive, as the runbook's "Verify connection" asks. Who disconnects and connects gets a
 * new row with another id, so a row that is gone is looked for by its user.
 */
export function verifyReturns(
  asked: readonly AskedToken[],
  tokens: readonly JudgedToken[],
  nowMs: number,
): Returned[] {
  const byId = new Map(tokens.map((token) => [`${token.provider.name}\n${token.row.id}`, token]));
  const bySubject = new Map(
    tokens.flatMap((token): [string, JudgedToken][] =>
      token.row.subject === null ? [] : [[`${token.provider.name}\n${token.row.subject}`, token]],
    ),
  );
  return asked.map((each) => {
    const token =
      byId.get(`${each.provider}\n${each.tokenId}`) ??
      bySubject.get(`${each.provider}\n${each.subject ?? ''}`);
    if (token === undefined) return { asked: each, verdict: { kind: 'gone' } };
    const need = reconnectNeed(token, null, nowMs);
    return {
      asked: each,
      verdict:
        need === null ? { kind: 'back', token } : { kind: 'not_back', token, reason: need.reason },
    };
  });
}
