import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Notice } from '../../src/notify/notice.js';
import { startCuttableProxy } from '../refresh/cuttable-proxy.js';
import type { CuttableProxy } from '../refresh/cuttable-proxy.js';
import { configOf, failedPoll, ids, pollOf, start, tokensOf } from './polls.js';
import { hour, minute, second } from './policy.js';
import { startTellingWorld } from './replicas.js';
import type { Replica, ReplicaOptions, TellingWorld } from './replicas.js';

const [fathom] = configOf().providers;
const interval = 30 * second;

let world: TellingWorld;
let proxy: CuttableProxy;
/** The time of day of everyone, the database included. */
let nowMs: number;

beforeEach(async () => {
  world = await startTellingWorld();
  proxy = await startCuttableProxy(world.database.url);
  nowMs = start;
});
afterEach(async () => {
  await proxy.stop();
  await world.stop();
});

const replicaOf = (options: ReplicaOptions = {}) =>
  world.replica({ url: proxy.url, now: () => nowMs, ...options });

const deadTokens = (dead: readonly string[]) =>
  pollOf(fathom!, {
    atMs: nowMs,
    tokens: tokensOf(ids(10), (id) =>
      dead.includes(id) ? { deadSinceMs: start - hour } : { expiryMovedAtMs: start - minute },
    ),
  });

/** Polls every 30 s for as long. */
async function during(
  forMs: number,
  replicas: readonly Replica[],
  poll: () => ReturnType<typeof pollOf>,
): Promise<void> {
  for (const untilMs = nowMs + forMs; nowMs < untilMs; nowMs += interval) {
    for (const replica of replicas) await replica.tell(poll());
  }
}
const failing = () => failedPoll(deadTokens([]));
const kinds = (notices: readonly Notice[]) => notices.map(({ kind, cause }) => `${kind} ${cause}`);

describe('a database that is away for an hour in the middle of an incident', () => {
  it('brings no false RECOVERED and no second OPEN', async () => {
    const replica = replicaOf();
    await during(2 * minute, [replica], () => deadTokens(['token-0']));
    proxy.cut();
    await during(hour, [replica], failing);
    proxy.restore();
    await during(2 * minute, [replica], () => deadTokens(['token-0']));
    expect(kinds(await world.notices())).toEqual(['open grants_dead', 'recovered database_down']);
    expect(kinds(replica.direct)).toEqual(['open database_down']);
    await during(minute, [replica], () => deadTokens([]));
    expect(kinds(await world.notices()).at(-1)).toBe('recovered grants_dead');
  });

  it('is told of directly after two minutes, with the database in its title', async () => {
    const replica = replicaOf();
    await during(interval, [replica], () => deadTokens([]));
    proxy.cut();
    const awayAtMs = nowMs;
    await during(2 * minute, [replica], failing);
    expect(replica.direct).toEqual([]);
    expect(replica.open()).toEqual([]);
    await replica.tell(failing());
    expect(nowMs - awayAtMs).toBe(2 * minute);
    expect(replica.direct).toMatchObject([
      {
        kind: 'open',
        title: 'Outage of the database',
        severity: 'critical',
        openedAtMs: awayAtMs,
        atMs: nowMs,
      },
    ]);
    expect(replica.open()).toEqual(['database_down']);
  });

  it('is told of once by the replicas together when it is back, if each has told of it', async () => {
    const replicas = [replicaOf(), replicaOf(), replicaOf()];
    await during(minute, replicas, () => deadTokens([]));
    proxy.cut();
    await during(10 * minute, replicas, failing);
    proxy.restore();
    await during(5 * minute, replicas, () => deadTokens([]));
    expect(replicas.map(({ direct }) => kinds(direct))).toEqual(
      Array(3).fill(['open database_down']),
    );
    expect(kinds(await world.notices())).toEqual(['recovered database_down']);
    expect((await world.notices())[0]).toMatchObject({ openedAtMs: start + minute });
  });

  it('stays recovered when a replica notices much later that it is back', async () => {
    const quick = replicaOf();
    const slow = replicaOf();
    proxy.cut();
    await during(10 * minute, [quick, slow], failing);
    proxy.restore();
    await during(5 * minute, [quick], () => deadTokens([]));
    await during(5 * minute, [quick, slow], () => deadTokens([]));
    expect(kinds(await world.notices())).toEqual(['recovered database_down']);
  });

  it('is reminded of by the same rules', async () => {
    const replica = replicaOf();
    proxy.cut();
    await during(13 * hour, [replica], failing);
    expect(replica.direct.map(({ kind }) => kind)).toEqual(['open', 'reminder', 'reminder']);
    const [open, first, second_] = replica.direct.map(({ atMs }) => atMs);
    expect([first! - open!, second_! - first!]).toEqual([4 * hour, 8 * hour]);
  });

  it('is not told of twice by a process that was started again meanwhile', async () => {
    const before = replicaOf();
    proxy.cut();
    await during(3 * minute, [before], failing);
    const after = replicaOf({ directory: before.directory });
    await during(10 * minute, [after], failing);
    expect(kinds(after.direct)).toEqual([]);
    proxy.restore();
    await during(2 * minute, [after], () => deadTokens([]));
    expect(kinds(await world.notices())).toEqual(['recovered database_down']);
    expect(() => readFileSync(join(before.directory, 'incident.json'))).toThrow('ENOENT');
  });

  it('is recovered in the database’s time, whatever our own clock says', async () => {
    const ahead = replicaOf({ now: () => nowMs + hour });
    proxy.cut();
    await during(3 * minute, [ahead], failing);
    proxy.restore();
    await during(2 * minute, [ahead], () => deadTokens([]));
    expect(kinds(await world.notices())).toEqual(['recovered database_down']);
  });

  it('for less than two minutes is told nobody', async () => {
    const replica = replicaOf();
    proxy.cut();
    await during(2 * minute, [replica], failing);
    proxy.restore();
    await during(2 * minute, [replica], () => deadTokens([]));
    proxy.cut();
    await during(2 * minute, [replica], failing);
    expect(replica.direct).toEqual([]);
  });
});

describe('a message that can not be delivered either', () => {
  it('is tried again with the next poll', async () => {
    let isReachable = false;
    const replica = replicaOf({ isReachable: () => isReachable });
    proxy.cut();
    await during(3 * minute, [replica], failing);
    expect(replica.open()).toEqual([]);
    isReachable = true;
    await during(3 * minute, [replica], failing);
    expect(kinds(replica.direct)).toEqual(['open database_down']);
  });
});

describe('what is kept in a file', () => {
  it.each([
    ['is damaged', '{"id": 1'],
    ['is of another kind', '{"id": "x"}'],
    ['is empty', ''],
  ])('and %s is as good as missing', async (_, text) => {
    const replica = replicaOf();
    writeFileSync(join(replica.directory, 'incident.json'), text);
    await during(2 * minute, [replica], () => deadTokens([]));
    expect(await world.notices()).toEqual([]);
    expect(replica.troubles).toEqual([]);
  });

  it('is missed, and said to be, where its directory is not mounted', async () => {
    const replica = replicaOf({ directory: '/nowhere/at/all' });
    proxy.cut();
    await during(3 * minute, [replica], failing);
    expect(kinds(replica.direct)).toEqual(['open database_down']);
    expect(replica.troubles.join()).toContain('/nowhere/at/all is not there');
  });

  it('can be lost: then RECOVERED is told by those who still have it', async () => {
    const replica = replicaOf();
    proxy.cut();
    await during(3 * minute, [replica], failing);
    rmSync(join(replica.directory, 'incident.json'));
    proxy.restore();
    await during(2 * minute, [replica], () => deadTokens([]));
    expect(kinds(await world.notices())).toEqual(['recovered database_down']);
  });
});

describe('a memory of its own that is away while polls succeed', () => {
  it('is the same incident', async () => {
    const replica = replicaOf();
    proxy.cut();
    await during(3 * minute, [replica], () => deadTokens(['token-0']));
    expect(replica.direct).toMatchObject([{ kind: 'open', title: 'Outage of the database' }]);
    expect(replica.direct[0]!.explanation).toContain("The exporter's memory: ");
    proxy.restore();
    await during(2 * minute, [replica], () => deadTokens(['token-0']));
    expect(kinds(await world.notices())).toEqual(['recovered database_down', 'open grants_dead']);
  });
});

describe('tokens whose database is away while the memory is not', () => {
  it('are frozen, and the database is an incident like any other', async () => {
    const replica = replicaOf();
    await during(2 * minute, [replica], () => deadTokens(['token-0']));
    await during(hour, [replica], failing);
    await during(2 * minute, [replica], () => deadTokens(['token-0']));
    expect(kinds(await world.notices())).toEqual([
      'open grants_dead',
      'open database_down',
      'recovered database_down',
    ]);
    expect(replica.direct).toEqual([]);
  });
});

describe('polls that end by a fault of the exporter', () => {
  it('are told of too, and are no evidence of anything else', async () => {
    const replica = replicaOf();
    await during(2 * minute, [replica], () => deadTokens(['token-0']));
    for (let poll = 0; poll < 4; poll += 1, nowMs += interval) {
      await replica.tellFault(deadTokens([]));
    }
    const notices = await world.notices();
    expect(kinds(notices)).toEqual(['open grants_dead', 'open database_down']);
    expect(notices[1]!.explanation).toContain('a fault of the exporter');
  });
});
