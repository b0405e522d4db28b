/** What a stability watch looks at in every poll. Values of the `check` label. */
export const checkNames = [
  'tokens_lost',
  'grants_died',
  'rotations_lost',
  'tokens_expired',
  'syncs_overdue',
  'syncs_failed',
  'syncs_stuck',
  'cron_runs',
  'webhooks_silent',
  'notifications_stuck',
  'sources_lost',
] as const;
export type CheckName = (typeof checkNames)[number];
