/** Windows of `oauth_tokens_expiring_within`, in milliseconds. */
export const expiringWithin = {
  '1h': 3_600_000,
  '24h': 86_400_000,
  '7d': 7 * 86_400_000,
  '30d': 30 * 86_400_000,
  '90d': 90 * 86_400_000,
} as const;
export type ExpiringWithin = keyof typeof expiringWithin;

/** Bands of `oauth_syncs_lagging`, in milliseconds. */
export const laggingOver = {
  '1h': 3_600_000,
  '6h': 6 * 3_600_000,
  '24h': 86_400_000,
  '7d': 7 * 86_400_000,
} as const;
export type LaggingOver = keyof typeof laggingOver;
