/** The thresholds of a provider that configures none. */
export const defaultThresholds = {
  expiring_soon: '7d',
  stuck_after: '10m',
  overdue_after: '72h',
} as const;
