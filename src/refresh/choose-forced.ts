import { passedOver } from './forced-outcome.js';
import type { Admission } from './provider-health.js';

/** Which of the tokens that a person asked for are tried now. */
export interface ForcedChoice {
  readonly tokenIds: readonly string[];
  /** Why the others are not tried at all; null: they come next. */
  readonly refusal: string | null;
  /** The provider is paused: the outcome of this one is waited for. */
  readonly alone: boolean;
}

/**
 * Chooses among tokens that a person asked for, at most `limit`.
 *
 * A person may try one where the exporter would not: while the client is refused or the breaker is
 * open. Not before a server's Retry-After, which is its right to ask for.
 */
export function chooseForced(
  wanted: readonly string[],
  admission: Admission,
  triedInPause: boolean,
  limit: number,
): ForcedChoice {
  const most = Math.max(0, limit);
  if (admission.kind === 'all') {
    return { tokenIds: wanted.slice(0, most), refusal: null, alone: false };
  }
  if (admission.kind === 'first') {
    return { tokenIds: wanted.slice(0, Math.min(1, most)), refusal: null, alone: true };
  }
  if (admission.kind === 'none' && admission.because === 'retry_after') {
    const until = new Date(admission.untilMs ?? 0).toISOString();
    const refusal = `the provider asked for no requests before ${until} (Retry-After)`;
    return { tokenIds: [], refusal, alone: true };
  }
  if (triedInPause) return { tokenIds: [], refusal: passedOver.paused, alone: true };
  return { tokenIds: wanted.slice(0, Math.min(1, most)), refusal: null, alone: true };
}
