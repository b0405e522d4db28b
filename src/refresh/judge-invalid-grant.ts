/** A first `invalid_grant` that nothing has confirmed yet. */
export interface InvalidGrantSuspicion {
  readonly suspectedAtMs: number;
  /** Of the refresh token that was refused. */
  readonly fingerprint: string;
}

/** An `invalid_grant` that has just come in, and the row as re-read after it. */
export interface InvalidGrantAnswer {
  readonly atMs: number;
  /** Of the refresh token that was sent. */
  readonly usedFingerprint: string;
  /** Of the refresh token in the row now; null: it holds none. */
  readonly currentFingerprint: string | null;
}

export type InvalidGrantVerdict =
  /** Somebody rotated the token meanwhile. Not a failure. */
  | { readonly kind: 'superseded' }
  /** Not proven: ask once more at `notBeforeMs`. */
  | {
      readonly kind: 'suspected';
      readonly suspicion: InvalidGrantSuspicion;
      readonly notBeforeMs: number;
    }
  | { readonly kind: 'dead' };

/**
 * Says what an `invalid_grant` means.
 *
 * A sibling that refreshed first makes our refresh token invalid while the grant is well, and it
 * may not have stored its own yet. So a grant is dead only when the same refresh token is refused
 * twice, `confirmAfterMs` apart, and is still the one in the row.
 */
export function judgeInvalidGrant(
  earlier: InvalidGrantSuspicion | null,
  answer: InvalidGrantAnswer,
  confirmAfterMs: number,
): InvalidGrantVerdict {
  const { atMs, usedFingerprint, currentFingerprint } = answer;
  if (currentFingerprint !== usedFingerprint) return { kind: 'superseded' };
  const confirms = earlier?.fingerprint === usedFingerprint;
  if (confirms && atMs - earlier.suspectedAtMs >= confirmAfterMs) return { kind: 'dead' };
  const suspicion = confirms ? earlier : { suspectedAtMs: atMs, fingerprint: usedFingerprint };
  return { kind: 'suspected', suspicion, notBeforeMs: suspicion.suspectedAtMs + confirmAfterMs };
}
