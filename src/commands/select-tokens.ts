import { refuseToken } from '../remedy/refuse-refresh.js';
import type { TokenFacts } from './token-facts.js';

/** Which tokens a person wants refreshed. */
export type TokenSelector =
  | { readonly kind: 'token'; readonly id: string }
  | { readonly kind: 'user'; readonly subject: string }
  /** Those whose time has come, also while they back off. */
  | { readonly kind: 'due' }
  /** Every one. */
  | { readonly kind: 'all' };

/** A token that is meant, and why it is left alone; null: it is to be refreshed. */
export interface SelectedToken {
  readonly facts: TokenFacts;
  readonly leftAlone: string | null;
}

/**
 * Selects the tokens that are meant.
 *
 * A person who names a token may force one try even where the grant is dead; in bulk the dead are
 * left alone. A row that the application switched off is never refreshed.
 */
export function selectTokens(
  tokens: readonly TokenFacts[],
  selector: TokenSelector,
): SelectedToken[] {
  return tokens
    .filter((facts) => isMeant(facts, selector))
    .map((facts) => ({ facts, leftAlone: whyLeftAlone(facts, selector) }));
}

function isMeant({ row }: TokenFacts, selector: TokenSelector): boolean {
  switch (selector.kind) {
    case 'token':
      return row.id === selector.id;
    case 'user':
      return row.subject === selector.subject;
    case 'due':
    case 'all':
      return true;
  }
}

function whyLeftAlone({ subject, decision }: TokenFacts, { kind }: TokenSelector): string | null {
  const refusal = refuseToken(subject);
  if (refusal !== null) return refusal;
  if (kind === 'token' || kind === 'user') return null;
  if (subject.grant === 'dead') return 'dead: the user must authorize again';
  if (kind === 'all') return null;
  return decision.due || decision.because === 'backing_off' ? null : 'not due';
}
