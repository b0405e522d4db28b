/** Why nothing, or next to nothing, is sent to a provider. Metric label values. */
export const pauseReasons = ['configuration', 'retry_after', 'breaker'] as const;
export type PauseReason = (typeof pauseReasons)[number];

/** A provider's refreshes are held back. */
export interface ProviderPause {
  readonly reason: PauseReason;
  /** null: not recorded. */
  readonly sinceMs: number | null;
  /** When the next request may leave; null: only another configuration or a person ends the pause. */
  readonly untilMs: number | null;
  /** The failure behind it, such as `invalid_client`; null when there is none. */
  readonly failure: string | null;
}
