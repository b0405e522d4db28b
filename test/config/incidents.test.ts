import { describe, expect, it } from 'vitest';
import { loadYaml } from './load-from.js';

function incidents(yaml: string, env: NodeJS.ProcessEnv = {}) {
  const loaded = loadYaml(`log_level: info\n${yaml}`, env);
  if (!loaded.ok) throw new Error(JSON.stringify(loaded.problems));
  return loaded.config.incidents;
}

describe('the numbers of incidents', () => {
  it('are these unless configured', () => {
    expect(incidents('')).toEqual({
      openAfterPolls: 2,
      recoverAfterPolls: 2,
      groupWaitMs: 30_000,
      updateIntervalMs: 300_000,
      firstReminderMs: 14_400_000,
      longestReminderMs: 86_400_000,
      memoryAwayMs: 120_000,
      cliffShare: 0.5,
    });
  });

  it('are each what the file says', () => {
    const yaml = `incidents:
  open_after_polls: 3
  recover_after_polls: 4
  group_wait: 0s
  update_interval: 1m
  first_reminder: 1h
  longest_reminder: 2h
  memory_away_after: 5m
  cliff_share: 0.25`;
    expect(incidents(yaml)).toEqual({
      openAfterPolls: 3,
      recoverAfterPolls: 4,
      groupWaitMs: 0,
      updateIntervalMs: 60_000,
      firstReminderMs: 3_600_000,
      longestReminderMs: 7_200_000,
      memoryAwayMs: 300_000,
      cliffShare: 0.25,
    });
  });

  it('take the grouping window from the environment before the file', () => {
    const env = { INCIDENT_GROUP_WAIT: '0s' };
    expect(incidents('incidents: { group_wait: 1m }', env).groupWaitMs).toBe(0);
  });
});
