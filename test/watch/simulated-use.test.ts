import { describe, expect, it } from 'vitest';
import type { CheckName } from '../../src/watch/checks/check-name.js';
import { absorbPoll } from '../../src/watch/absorb-poll.js';
import { lookKey } from '../../src/watch/look.js';
import { reportOf } from './reports.js';
import { simulateWatch } from './simulate-watch.js';
import type { Scenario, Simulated } from './simulate-watch.js';
import {
  createWorld,
  dayMs,
  hourMs,
  minuteMs,
  startMs,
  watchedProviders,
} from './simulated-world.js';
import type { SimulatedWorld } from './simulated-world.js';

/** A check of what the tokens are in for: how it is broken, and how it is hidden from the polls. */
interface Case {
  readonly check: CheckName;
  readonly provider: string | null;
  readonly breakIt: (world: SimulatedWorld, nowMs: number) => void;
  readonly mendIt: (world: SimulatedWorld) => void;
  readonly says: RegExp;
  /** Hides it from the polls between two offsets. */
  readonly hide: (world: SimulatedWorld, fromMs: number, toMs: number) => Partial<Scenario>;
  readonly hiddenBecause: RegExp;
}

const losing =
  (lost: SimulatedWorld['lost']): Case['hide'] =>
  (world, fromMs, toMs) => ({
    events: [
      [
        fromMs,
        () => {
          world.lost = lost;
        },
      ],
      [
        toMs,
        () => {
          world.lost = 'nothing';
        },
      ],
    ],
  });

const cases: readonly Case[] = [
  {
    check: 'syncs_failed',
    provider: 'fathom',
    breakIt: (world, nowMs) => {
      world.failSync('token-1', nowMs, 'rate_limited');
    },
    mendIt: (world) => {
      world.syncFailures = [];
    },
    says: /the sync of token token-1 failed for too many requests at 2026-03-0\d \d\d:00:07Z, and none has succeeded since$/,
    hide: losing('sync_state'),
    hiddenBecause:
      /^not judged: syncs_failed of fathom: fathom:fathom_sync_state: the table is gone/,
  },
  {
    check: 'syncs_stuck',
    provider: 'fathom',
    breakIt: (world) => {
      world.stuckSyncs = 2;
    },
    mendIt: (world) => {
      world.stuckSyncs = 0;
    },
    says: /2 syncs have been running for longer than syncs\.stuck_after$/,
    hide: losing('sync_state'),
    hiddenBecause:
      /^not judged: syncs_stuck of fathom: fathom:fathom_sync_state: the table is gone/,
  },
  {
    check: 'webhooks_silent',
    provider: 'fathom',
    breakIt: (world, nowMs) => {
      world.webhooksStoppedAtMs = nowMs - 6 * hourMs - 1;
    },
    mendIt: (world) => {
      world.webhooksStoppedAtMs = null;
    },
    says: /nothing has come by webhook of fathom since .*Z; silent after 6 h$/,
    hide: losing('webhooks'),
    hiddenBecause:
      /^not judged: webhooks_silent of fathom: fathom:webhook_arrivals: the table is gone/,
  },
  {
    check: 'notifications_stuck',
    provider: null,
    breakIt: (world) => {
      world.undelivered = 3;
    },
    mendIt: (world) => {
      world.undelivered = 0;
    },
    says: /3 messages could not be delivered for 10 min; the oldest has waited for 11 min$/,
    hide: (_, fromMs, toMs) => ({ usesOutbox: (atMs) => atMs < fromMs || atMs >= toMs }),
    hiddenBecause:
      /^not judged: notifications_stuck: no webhook is configured, so messages go to the log$/,
  },
];

const texts = ({ judgement }: Simulated, code: string) =>
  judgement.reasons.filter((reason) => reason.code === code).map(({ text }) => text);
const at = (hours: number, event: (nowMs: number) => void) => [hours * hourMs, event] as const;

describe.each(cases)('$check over 48 hours', (each) => {
  const { check, provider, breakIt, mendIt, hide } = each;

  it('is violated once it breaks, with its evidence', async () => {
    const world = createWorld(3, dayMs);
    const result = await simulateWatch({
      world,
      events: [
        at(20, (nowMs) => {
          breakIt(world, nowMs);
        }),
      ],
    });
    expect(result.judgement.verdict).toBe('UNSTABLE');
    expect(texts(result, 'violation')).toEqual([expect.stringMatching(each.says)]);
    expect(result.state.progress?.violationCounts).toEqual({ [check]: 1 });
  });

  it('is out of scope and named where it can not be seen at the start, and STABLE is possible', async () => {
    const world = createWorld(3, dayMs);
    const result = await simulateWatch({ world, ...hide(world, 0, Infinity) });
    expect(result.judgement.verdict).toBe('STABLE');
    expect(texts(result, 'out_of_scope')).toContainEqual(expect.stringMatching(each.hiddenBecause));
  });

  it.each([
    ['INCONCLUSIVE', 6],
    ['STABLE', 4],
  ])('is %s where it could not be seen for %i minutes', async (verdict, minutes) => {
    const world = createWorld(3, dayMs);
    const fromMs = 20 * hourMs;
    const hidden = hide(world, fromMs, fromMs + minutes * minuteMs);
    const result = await simulateWatch({ world, ...hidden });
    expect(result.judgement.verdict).toBe(verdict);
    const blind = texts(result, 'blind').filter((text) =>
      text.startsWith(lookKey({ check, provider }).replace(' ', ' of ')),
    );
    expect(blind).toHaveLength(verdict === 'STABLE' ? 0 : 1);
  });

  it('is accepted where it was so at the start, and new once it was mended', async () => {
    const world = createWorld(3, dayMs);
    breakIt(world, startMs);
    const events = [
      at(10, () => {
        mendIt(world);
      }),
    ];
    const accepted = await simulateWatch({ world, events, acceptKnown: true });
    expect(accepted.judgement.verdict).toBe('STABLE');
    expect(texts(accepted, 'accepted')).toHaveLength(1);

    const again = createWorld(3, dayMs);
    breakIt(again, startMs);
    const result = await simulateWatch({
      world: again,
      acceptKnown: true,
      events: [
        at(10, () => {
          mendIt(again);
        }),
        at(20, (nowMs) => {
          breakIt(again, nowMs);
        }),
      ],
    });
    expect(result.judgement.verdict).toBe('UNSTABLE');
  });

  it('decides at the start where nobody accepts it', async () => {
    const world = createWorld(3, dayMs);
    breakIt(world, startMs);
    const result = await simulateWatch({ world });
    expect(result.judgement.verdict).toBe('UNSTABLE');
    expect(texts(result, 'already_wrong')).toHaveLength(1);
  });
});

describe('a failed sync', () => {
  const failed = async (reason: 'auth' | 'rate_limited' | 'quota' | 'benign', mendedMs: number) => {
    const world = createWorld(3, dayMs);
    const result = await simulateWatch({
      world,
      events: [
        at(20, (nowMs) => {
          world.failSync('token-1', nowMs, reason);
        }),
        at(20 + mendedMs / hourMs, () => {
          world.syncFailures = [];
        }),
      ],
    });
    return result.judgement.verdict;
  };

  it.each([
    ['auth', 5 * minuteMs],
    ['rate_limited', 2 * hourMs],
  ] as const)(
    'for %s may be mended within %i ms, and not one poll later',
    async (reason, graceMs) => {
      expect(await failed(reason, graceMs)).toBe('STABLE');
      expect(await failed(reason, graceMs + minuteMs)).toBe('UNSTABLE');
    },
  );

  it.each(['quota', 'benign'] as const)('for %s is no fault of a fix', async (reason) => {
    expect(await failed(reason, 10 * hourMs)).toBe('STABLE');
  });

  it('that fails again and again is one that was not mended', async () => {
    const world = createWorld(3, dayMs);
    const hourly = [20, 21, 22].map((hour) =>
      at(hour, (nowMs) => {
        world.failSync('token-1', nowMs, 'rate_limited');
      }),
    );
    const result = await simulateWatch({ world, events: hourly });
    expect(result.judgement.verdict).toBe('UNSTABLE');
  });

  it('that came too late to tell makes the watch INCONCLUSIVE', async () => {
    const world = createWorld(3, dayMs);
    const result = await simulateWatch({
      world,
      events: [
        at(47.5, (nowMs) => {
          world.failSync('token-1', nowMs, 'rate_limited');
        }),
      ],
    });
    expect(result.judgement.verdict).toBe('INCONCLUSIVE');
    expect(texts(result, 'pending')).toHaveLength(1);
  });
});

describe('webhooks', () => {
  it('are not judged where none ever came', async () => {
    const world = createWorld(3, dayMs);
    world.webhooksStoppedAtMs = 'never';
    const result = await simulateWatch({ world });
    expect(result.judgement.verdict).toBe('STABLE');
    expect(texts(result, 'out_of_scope')).toContain(
      'not judged: webhooks_silent of fathom: nothing ever came by webhook',
    );
  });

  it('are not silent at exactly the configured time, and are at the first poll after it', async () => {
    const world = createWorld(3, dayMs);
    world.webhooksStoppedAtMs = startMs + 7_000;
    const result = await simulateWatch({ world });
    expect(result.judgement.verdict).toBe('UNSTABLE');
    expect(result.samples.at(-1)?.atMs).toBe(startMs + 7_000 + 6 * hourMs + 30_000);
  });

  it('that could only be called silent after the watch are named as a limit', async () => {
    const world = createWorld(3, dayMs);
    const result = await simulateWatch({ world, forMs: 6 * hourMs });
    expect(texts(result, 'caveat')).toContain(
      'webhooks of fathom that stop are silent only after 6 h, not within this watch: lower webhooks.silent_after to see it',
    );
  });
});

describe('a watch that an earlier version began', () => {
  it('goes on without the checks that it did not know, and never judges them', async () => {
    const world = createWorld(3, dayMs);
    const { state } = await simulateWatch({ world, forMs: minuteMs });
    const { checks, ...rest } = state.progress!;
    const known = Object.values(checks).filter(({ check }) => check !== 'syncs_stuck');
    const progress = {
      ...rest,
      checks: Object.fromEntries(known.map((one) => [lookKey(one), one])),
    };
    world.stuckSyncs = 2;
    world.undelivered = 1;
    const nowMs = startMs + 2 * minuteMs;
    const watch = { ...state.watch, deadlineAtMs: startMs + hourMs };
    const absorbed = absorbPoll(
      { ...state, watch, progress },
      { ...world.poll(nowMs), cron: null, nowMs },
      {
        ledger: { newestId: 0, counts: [], troubles: [] },
        outbox: { late: 1, oldestForMs: 11 * minuteMs },
      },
      { providers: watchedProviders, usesOutbox: true, fingerprint: 'configuration-1' },
    );
    expect(absorbed).toMatchObject({
      kind: 'sampled',
      state: { progress: { violationCounts: { notifications_stuck: 1 } } },
    });
    const report = reportOf({
      ...(await simulateWatch({ world: createWorld(1, dayMs), forMs: minuteMs })),
      state: absorbed.kind === 'sampled' ? absorbed.state : state,
    });
    expect(report.checks.find(({ check }) => check === 'syncs_stuck')?.result).toBe('not judged');
  });
});
