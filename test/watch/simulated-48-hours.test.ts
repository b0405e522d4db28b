import { describe, expect, it } from 'vitest';
import { parseCronSchedule } from '../../src/assess/cron-schedule.js';
import type { Judgement } from '../../src/watch/judge.js';
import { simulateWatch } from './simulate-watch.js';
import type { Simulated } from './simulate-watch.js';
import {
  createWorld,
  dayMs,
  hourMs,
  minuteMs,
  newToken,
  startMs,
  tokenOf,
} from './simulated-world.js';

const reasonsOf = ({ reasons }: Judgement, ...codes: string[]) =>
  reasons.filter(({ code }) => codes.includes(code)).map(({ text }) => text);
const decided = ({ judgement }: Simulated) =>
  reasonsOf(
    judgement,
    'violation',
    'already_wrong',
    'coverage',
    'gap',
    'blind',
    'no_lifecycle',
    'pending',
    'no_baseline',
  );

describe('a watch of 48 hours with a poll every 30 seconds', () => {
  it('is STABLE after a clean run, and says how sure that is', async () => {
    const result = await simulateWatch({ world: createWorld(30, dayMs) });
    expect(result.samples).toHaveLength(5_760);
    expect(result.judgement.verdict).toBe('STABLE');
    expect(decided(result)).toEqual([]);
    expect(reasonsOf(result.judgement, 'refreshes')).toEqual([
      'fathom: 90 refreshes, 0 failures: with 95 % confidence fewer than 1 in 30 fail',
    ]);
    expect(reasonsOf(result.judgement, 'lifecycle')[0]).toMatch(
      /^fathom: the expiry of token token-\d+ moved forward by .*, and the one before it passed at/,
    );
    expect(result.notices.map(({ title }) => title)).toEqual([
      'Stability watch 1: 1 h of 48 h, no violation so far',
      'Stability watch 1: 6 h of 48 h, no violation so far',
      'Stability watch 1: 12 h of 48 h, no violation so far',
      'Stability watch 1: 24 h of 48 h, no violation so far',
      'Stability watch 1: 36 h of 48 h, no violation so far',
      'Stability watch 1 of fathom: STABLE',
    ]);
  });

  it('is UNSTABLE at once when a grant dies at hour 47', async () => {
    const world = createWorld(5, dayMs);
    const result = await simulateWatch({
      world,
      events: [
        [
          47 * hourMs,
          (nowMs) => {
            world.kill('token-3', nowMs);
          },
        ],
      ],
    });
    expect(result.judgement.verdict).toBe('UNSTABLE');
    expect(decided(result)).toEqual([
      expect.stringMatching(/^2026-03-04 07:00:\d\dZ: the grant of token token-3 is dead since/),
    ]);
    expect(result.samples.at(-1)?.sample.findings).toHaveLength(1);
    expect(result.samples).toHaveLength(47 * 120 + 1);
    expect(result.notices.at(-1)).toMatchObject({ kind: 'end', verdict: 'UNSTABLE' });
  });

  it('is UNSTABLE when a grant died and was replaced between two polls', async () => {
    const world = createWorld(5, dayMs);
    const result = await simulateWatch({
      world,
      events: [
        [
          5 * hourMs,
          (nowMs) =>
            world.ledger.push({
              atMs: nowMs,
              tokenId: 'token-1',
              event: 'died',
              reason: 'invalid_grant',
            }),
        ],
      ],
    });
    expect(result.judgement.verdict).toBe('UNSTABLE');
    expect(decided(result)[0]).toContain('the grant of token token-1 is dead');
  });

  it('is INCONCLUSIVE when the exporter was down for 40 minutes', async () => {
    const result = await simulateWatch({
      world: createWorld(5, dayMs),
      isUp: (offsetMs) => offsetMs < 20 * hourMs || offsetMs >= 20 * hourMs + 40 * minuteMs,
    });
    expect(result.judgement.verdict).toBe('INCONCLUSIVE');
    expect(decided(result)).toEqual([
      'polls: 5,680 of 5,759 seen (98.62 %); 99 % are needed',
      'polls: nothing was seen for 40 min 30 s, from 2026-03-03 03:59:37Z to 2026-03-03 04:40:07Z; 5 min are allowed',
    ]);
    expect(result.notices.map(({ title }) => title)[3]).toBe(
      'Stability watch 1: 24 h of 48 h, no violation, but it can no longer become STABLE',
    );
  });

  it('is STABLE, with the gaps shown, when the database restarted for 61 s and hiccuped', async () => {
    const result = await simulateWatch({
      world: createWorld(5, dayMs),
      isUp: (offsetMs) =>
        !(offsetMs >= 10 * hourMs && offsetMs <= 10 * hourMs + 61_000) &&
        !(offsetMs >= 30 * hourMs && offsetMs < 30 * hourMs + 4 * minuteMs) &&
        Math.floor(offsetMs / 30_000) % 500 !== 499,
    });
    expect(result.judgement.verdict).toBe('STABLE');
    expect(reasonsOf(result.judgement, 'observed')[0]).toMatch(
      /^5,73\d polls seen, 99\.\d+ % .*longest gap 4 min 30 s$/,
    );
    expect(result.state.progress?.gaps).toEqual([
      { fromMs: startMs + 10 * hourMs - 23_000, toMs: startMs + 10 * hourMs + 67_000 },
      { fromMs: startMs + 30 * hourMs - 23_000, toMs: startMs + 30 * hourMs + 247_000 },
    ]);
  });

  it('is UNSTABLE when somebody deactivates a token', async () => {
    const world = createWorld(5, dayMs);
    const result = await simulateWatch({
      world,
      events: [
        [
          9 * hourMs,
          () => {
            tokenOf(world, 'token-2').active = false;
          },
        ],
      ],
    });
    expect(result.judgement.verdict).toBe('UNSTABLE');
    expect(decided(result)[0]).toMatch(
      /^2026-03-02 17:00:\d\dZ: token token-2 was active at the start and is inactive$/,
    );
  });

  it.each([
    ['STABLE', 'reconnects within five minutes under another id', 4 * minuteMs],
    ['UNSTABLE', 'stays away', Infinity],
  ])('is %s when a user disconnects and %s', async (verdict, _, reconnectAfterMs) => {
    const world = createWorld(5, dayMs);
    const result = await simulateWatch({
      world,
      events: [
        [
          9 * hourMs,
          () => {
            world.tokens.splice(2, 1);
          },
        ],
        [
          9 * hourMs + reconnectAfterMs,
          (nowMs) => world.tokens.push(newToken('token-new', 'user-2', nowMs + dayMs)),
        ],
      ],
    });
    expect(result.judgement.verdict).toBe(verdict);
  });

  it('judges no cron where none was visible at the start, names that, and can be STABLE', async () => {
    const result = await simulateWatch({ world: createWorld(5, dayMs), cron: () => null });
    expect(result.judgement.verdict).toBe('STABLE');
    expect(reasonsOf(result.judgement, 'out_of_scope')).toEqual([
      'not judged: cron_runs: no scheduled jobs are visible',
    ]);
  });

  it.each([
    ['INCONCLUSIVE', 'can no longer be seen', null],
    ['UNSTABLE', 'fails', [{ job: 'hourly_sync', kind: 'failed' as const, evidence: 'HTTP 401' }]],
    ['STABLE', 'goes on', []],
  ])('is %s when a cron job that was visible at the start %s', async (verdict, _, later) => {
    const result = await simulateWatch({
      world: createWorld(5, dayMs),
      cron: (offsetMs) => {
        const troubles = offsetMs < 40 * hourMs ? [] : later;
        return troubles === null ? null : { troubles, jobs: [] };
      },
    });
    expect(result.judgement.verdict).toBe(verdict);
  });

  it('counts the runs that were expected, and does not miss one that failed while nobody looked', async () => {
    const schedule = parseCronSchedule('15 * * * *', 'GMT')!;
    const failureMs = 39 * hourMs + 16 * minuteMs;
    const hourly = (failedAtMs: number) =>
      simulateWatch({
        world: createWorld(5, dayMs),
        cron: (offsetMs) => {
          // A minute after its time a run has ended.
          const runs = 500 + Math.floor((offsetMs - 16 * minuteMs) / hourMs) + 1;
          const failed = offsetMs < failedAtMs ? 7 : 8;
          const ended = { succeeded: runs - failed, failed };
          return { troubles: [], jobs: [{ name: 'hourly_sync', schedule, ended }] };
        },
        isUp: (offsetMs) => Math.abs(offsetMs - failureMs) > 2 * minuteMs,
      });

    const good = await hourly(Infinity);
    expect(good.judgement.verdict).toBe('STABLE');
    expect(reasonsOf(good.judgement, 'job_runs')).toEqual([
      '1 scheduled job: 48 runs expected, 48 succeeded, 0 failed',
    ]);
    const runs = good.samples.flatMap(({ sample }) => sample.runs ?? []);
    expect(runs.reduce((sum, { expected }) => sum + expected, 0)).toBe(48);
    expect(runs.reduce((sum, { succeeded }) => sum + succeeded, 0)).toBe(48);

    const bad = await hourly(failureMs);
    expect(bad.judgement.verdict).toBe('UNSTABLE');
    expect(decided(bad)).toEqual([
      expect.stringMatching(
        /^2026-03-03 23:18:\S+Z: job hourly_sync: 1 run failed since the poll before, and it has succeeded again$/,
      ),
    ]);
    expect(reasonsOf(bad.judgement, 'job_runs')).toEqual([
      '1 scheduled job: 40 runs expected, 39 succeeded, 1 failed',
    ]);
  });

  it('is INCONCLUSIVE with tokens that live 60 days, and says what would help', async () => {
    const result = await simulateWatch({ world: createWorld(5, 60 * dayMs) });
    expect(result.judgement.verdict).toBe('INCONCLUSIVE');
    expect(decided(result)).toEqual([
      'no full token lifecycle of fathom was seen: its tokens live 60 d; --prove N refreshes some on purpose',
    ]);
  });

  it('is STABLE with tokens that live 60 days when three are refreshed on purpose', async () => {
    const world = createWorld(5, 60 * dayMs);
    const result = await simulateWatch({ world, prove: 3 });
    expect(result.judgement.verdict).toBe('STABLE');
    expect(reasonsOf(result.judgement, 'refreshes', 'lifecycle')).toEqual([
      'fathom: 6 refreshes, 0 failures: with 95 % confidence fewer than 1 in 2 fail',
      expect.stringMatching(
        /^fathom: the expiry of token token-\d moved forward twice by 2026-03-03 08:00/,
      ),
    ]);
  });

  it('is UNSTABLE when syncs stop while the tokens look fine', async () => {
    const world = createWorld(5, dayMs);
    const result = await simulateWatch({
      world,
      events: [
        [
          30 * hourMs,
          (nowMs) => {
            world.syncsStoppedAtMs = nowMs;
          },
        ],
      ],
    });
    expect(result.judgement.verdict).toBe('UNSTABLE');
    expect(decided(result)).toEqual([
      expect.stringMatching(
        /^2026-03-03 16:00:37Z: 5 syncs of active tokens are overdue; the oldest success was 2 h ago$/,
      ),
    ]);
  });

  it('is UNSTABLE when tokens are no longer refreshed and lapse', async () => {
    const world = createWorld(5, dayMs);
    const result = await simulateWatch({
      world,
      events: [
        [
          20 * hourMs,
          () => {
            world.refreshing = false;
          },
        ],
      ],
    });
    expect(result.judgement.verdict).toBe('UNSTABLE');
    expect(decided(result)[0]).toMatch(/is active and has been expired for 1 min/);
  });

  it('is INCONCLUSIVE where nobody had a token', async () => {
    const result = await simulateWatch({ world: createWorld(0, dayMs) });
    expect(result.judgement.verdict).toBe('INCONCLUSIVE');
    expect(decided(result)).toEqual([
      'no full token lifecycle of fathom was seen: it had no active token; --prove N refreshes some on purpose',
    ]);
  });

  it('is INCONCLUSIVE when syncs became unreadable, and STABLE when that lasted four minutes', async () => {
    for (const [verdict, untilMs] of [
      ['INCONCLUSIVE', 6 * minuteMs],
      ['STABLE', 4 * minuteMs],
    ] as const) {
      const world = createWorld(5, dayMs);
      const result = await simulateWatch({
        world,
        events: [
          [
            20 * hourMs,
            () => {
              world.lost = 'syncs';
            },
          ],
          [
            20 * hourMs + untilMs,
            () => {
              world.lost = 'nothing';
            },
          ],
        ],
      });
      expect(result.judgement.verdict).toBe(verdict);
    }
  });

  it('begins only with a poll that saw the tokens', async () => {
    const world = createWorld(5, dayMs);
    world.lost = 'tokens';
    const result = await simulateWatch({
      world,
      events: [
        [
          2 * minuteMs,
          () => {
            world.lost = 'nothing';
          },
        ],
      ],
    });
    expect(result.logged[0]).toContain('fathom:tokens: the table is gone');
    expect(result.state.baseline?.atMs).toBe(startMs + 127_000);
    expect(result.judgement.verdict).toBe('STABLE');
  });

  it('is INCONCLUSIVE when no poll ever saw the tokens', async () => {
    const world = createWorld(5, dayMs);
    world.lost = 'tokens';
    const result = await simulateWatch({ world });
    expect(result.judgement.verdict).toBe('INCONCLUSIVE');
    expect(decided(result)).toEqual([
      'no poll saw all tokens, so there is nothing to compare with',
    ]);
  });
});

describe('what was wrong when the watch began', () => {
  const wrongWorld = () => {
    const world = createWorld(5, dayMs);
    world.kill('token-4', startMs - hourMs);
    world.ledger.length = 0;
    return world;
  };

  it('makes it UNSTABLE with the first poll, by name', async () => {
    const result = await simulateWatch({ world: wrongWorld() });
    expect(result.judgement.verdict).toBe('UNSTABLE');
    expect(decided(result)[0]).toMatch(
      /^already wrong at the start: the grant of token token-4 is dead/,
    );
    expect(result.samples).toHaveLength(1);
  });

  it('is accepted when a person says so, and listed in the verdict', async () => {
    const world = wrongWorld();
    // Its access token lapses, and then somebody switches it off: both follow from what was accepted.
    const result = await simulateWatch({
      world,
      acceptKnown: true,
      events: [
        [
          40 * hourMs,
          () => {
            tokenOf(world, 'token-4').active = false;
          },
        ],
      ],
    });
    expect(result.judgement.verdict).toBe('STABLE');
    expect(reasonsOf(result.judgement, 'accepted')).toEqual([
      expect.stringContaining('the grant of token token-4 is dead'),
    ]);
    expect(result.samples[0]?.sample.accepted).toBe(1);
  });

  it('is not accepted again once it was mended', async () => {
    const world = wrongWorld();
    const result = await simulateWatch({
      world,
      acceptKnown: true,
      events: [
        [
          hourMs,
          (nowMs) => {
            world.refresh('token-4', nowMs);
          },
        ],
        [
          5 * hourMs,
          (nowMs) => {
            world.kill('token-4', nowMs);
          },
        ],
      ],
    });
    expect(result.judgement.verdict).toBe('UNSTABLE');
    expect(decided(result)[0]).toMatch(/^2026-03-02 13:00/);
  });
});
