import type { z } from 'zod';
import type { IncidentsConfig } from './notify-config.js';
import type { incidentsSchema } from './incidents-schema.js';

/** The file's `incidents`; the environment's grouping window, where it sets one, wins. */
export function toIncidents(
  file: z.output<typeof incidentsSchema>,
  groupWaitMs: number | undefined,
): IncidentsConfig {
  return {
    openAfterPolls: file.open_after_polls,
    recoverAfterPolls: file.recover_after_polls,
    groupWaitMs: groupWaitMs ?? file.group_wait,
    updateIntervalMs: file.update_interval,
    firstReminderMs: file.first_reminder,
    longestReminderMs: file.longest_reminder,
    memoryAwayMs: file.memory_away_after,
    cliffShare: file.cliff_share,
  };
}
