import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Notice } from '../../src/notify/notice.js';
import { startPgbouncer } from '../support/pgbouncer.js';
import { testServer17 } from '../support/postgres.js';
import { describeWith } from '../support/describe-with.js';
import { configOf, ids, pollOf, start, tokensOf } from './polls.js';
import { minute, second } from './policy.js';
import { startTellingWorld } from './replicas.js';
import type { Replica, TellingWorld } from './replicas.js';

const [fathom] = configOf().providers;
const interval = 30 * second;

let world: TellingWorld;
beforeEach(async () => {
  world = await startTellingWorld();
});
afterEach(() => world.stop());

/** Three hundred tokens, these of them dead since an hour before. */
const withDead = (atMs: number, dead: ReadonlySet<string>, all = ids(300)) =>
  pollOf(fathom!, {
    atMs,
    tokens: tokensOf(all, (id) =>
      dead.has(id)
        ? { deadSinceMs: start - 60 * minute, account: `${id}@example.com` }
        : { expiryMovedAtMs: start - minute },
    ),
  });

const kinds = (notices: readonly Notice[]) => notices.map(({ kind }) => kind);

describe('30 of 300 dead grants, repaired one by one', () => {
  it('are one OPEN, updates, and one RECOVERED', async () => {
    const replica = world.replica();
    const dead = new Set(ids(30));
    let atMs = start;
    const poll = async () => {
      await replica.tell(withDead(atMs, dead));
      atMs += interval;
    };
    await poll();
    await poll();
    while (dead.size > 0) {
      dead.delete([...dead][0]!);
      await poll();
    }
    await poll();
    await poll();

    const notices = await world.notices();
    expect(kinds(notices)).toEqual(['open', 'update', 'update', 'recovered']);
    const [open, first, second_, recovered] = notices;
    expect(open).toMatchObject({
      title: '30 of 300 grants dead',
      provider: 'fathom',
      cause: 'grants_dead',
      affected: 30,
      outOf: 300,
      previouslyAffected: null,
      openedAtMs: start,
      atMs: start + interval,
    });
    expect(open!.accounts).toHaveLength(10);
    expect(open!.accounts[0]).toEqual({
      subject: 'user of token-0',
      account: 'token-0@example.com',
    });
    expect(first).toMatchObject({
      affected: 20,
      previouslyAffected: 30,
      title: '20 of 300 grants dead',
    });
    expect(second_).toMatchObject({ affected: 10, previouslyAffected: 20 });
    expect(first!.explanation).toContain('Repaired since the last message: 10.');
    expect(recovered).toMatchObject({
      incidentId: open!.incidentId,
      affected: 0,
      title: '0 of 300 grants dead',
      openedAtMs: start,
      nextStep: 'Their expiry moved forward, or the row holds another refresh token.',
    });
    expect(
      await world.database.query(
        'SELECT FROM oauth_token_exporter.incidents WHERE recovered_at IS NULL',
      ),
    ).toEqual([]);
  });

  it('survive a restart: nothing is told twice', async () => {
    const dead = new Set(ids(30));
    await world.replica().tell(withDead(start, dead));
    await world.replica().tell(withDead(start + interval, dead));
    await world.replica().tell(withDead(start + 2 * interval, dead));
    expect(kinds(await world.notices())).toEqual(['open']);
  });
});

describe('rows that are no longer counted', () => {
  it('are not called repaired', async () => {
    const replica = world.replica();
    const dead = new Set(['token-0', 'token-1', 'token-2']);
    await replica.tell(withDead(start, dead));
    await replica.tell(withDead(start + interval, dead));
    const gone = (atMs: number) =>
      pollOf(fathom!, {
        atMs,
        tokens: [
          { id: 'token-0', isGone: true, goneAtMs: atMs - 1 },
          { id: 'token-1', active: false, deadSinceMs: start - 1, expiresInMs: -1 },
          { id: 'token-2', deadSinceMs: start - 1, expiryMovedAtMs: start + 5 },
        ],
      });
    await replica.tell(gone(start + 2 * interval));
    await replica.tell(gone(start + 3 * interval));
    const [, recovered] = await world.notices();
    expect(recovered!.kind).toBe('recovered');
    expect(recovered!.explanation).toContain('Repaired since the last message: 1.');
    expect(recovered!.explanation).toContain(
      'Not repaired, but no longer counted: switched off: 1, gone: 1.',
    );
  });

  it('and are no proof of a repair when none other is left', async () => {
    const replica = world.replica();
    const dead = new Set(['token-0']);
    await replica.tell(withDead(start, dead, ids(2)));
    await replica.tell(withDead(start + interval, dead, ids(2)));
    const alone = (atMs: number) =>
      pollOf(fathom!, { atMs, tokens: tokensOf(['token-1'], { expiryMovedAtMs: start - minute }) });
    await replica.tell(alone(start + 2 * interval));
    await replica.tell(alone(start + 3 * interval));
    expect((await world.notices()).at(-1)?.nextStep).toMatch(
      /^Nothing shows that they were repaired/,
    );
  });
});

describe('three replicas on one database', () => {
  /** They poll a second after each other, or at the same moment. */
  const together = async (
    replicas: readonly Replica[],
    atMs: number,
    dead: ReadonlySet<string>,
    apartMs: number,
  ) => {
    await Promise.all(
      replicas.map((replica, index) =>
        replica.tell(withDead(atMs + index * apartMs, dead, ids(40))),
      ),
    );
  };

  it.each([0, second])('tell one OPEN and one RECOVERED, polling %i ms apart', async (apartMs) => {
    const replicas = [world.replica(), world.replica(), world.replica()];
    const dead = new Set(ids(4));
    for (let poll = 0; poll < 4; poll += 1) {
      await together(replicas, start + poll * interval, dead, apartMs);
    }
    for (let poll = 4; poll < 8; poll += 1) {
      await together(replicas, start + poll * interval, new Set(), apartMs);
    }
    expect(kinds(await world.notices())).toEqual(['open', 'recovered']);
    expect(kinds(replicas.flatMap(({ announced }) => announced)).sort()).toEqual([
      'open',
      'recovered',
    ]);
    expect(replicas.flatMap(({ troubles }) => troubles)).toEqual([]);
  });

  it('do not take their polls of one moment for two', async () => {
    const overdue = (atMs: number) =>
      pollOf(fathom!, { atMs, tokens: tokensOf(ids(3), { expiresInMs: -minute }) });
    const replicas = [world.replica(), world.replica(), world.replica()];
    for (const [index, replica] of replicas.entries()) {
      await replica.tell(overdue(start + index * second));
    }
    expect(await world.notices()).toEqual([]);
    await replicas[0]!.tell(overdue(start + interval));
    expect((await world.notices()).map(({ cause }) => cause)).toEqual(['refresh_overdue']);
  });
});

describe('what is told', () => {
  it('is in the outbox exactly when the incident is written', async () => {
    const replica = world.replica();
    await world.database.query('ALTER TABLE outbox ADD CHECK (false) NOT VALID');
    await replica.tell(withDead(start, new Set(['token-0'])));
    await replica.tell(withDead(start + interval, new Set(['token-0'])));
    const told = () =>
      world.database.query('SELECT FROM oauth_token_exporter.incidents WHERE told_at IS NOT NULL');
    expect(await told()).toEqual([]);
    expect(replica.troubles.join()).toMatch(/grants_dead could not be written.*violates check/);

    await world.database.query('ALTER TABLE outbox DROP CONSTRAINT outbox_check');
    await replica.tell(withDead(start + 2 * interval, new Set(['token-0'])));
    expect(await told()).toHaveLength(1);
    expect(kinds(await world.notices())).toEqual(['open']);
  });

  it('goes to the log, once, where there is no memory', async () => {
    await world.database.query('DROP SCHEMA oauth_token_exporter CASCADE');
    const replica = world.replica();
    for (let poll = 0; poll < 4; poll += 1) {
      await replica.tell(withDead(start + poll * interval, new Set(['token-0'])));
    }
    expect(kinds(replica.logged)).toEqual(['open']);
    expect(replica.open()).toEqual(['grants_dead']);
    expect(await world.notices()).toEqual([]);
  });
});

describe('a silence', () => {
  const silence = (forInterval: string, cause: string | null = 'grants_dead') =>
    world.database.query(
      `INSERT INTO oauth_token_exporter.silences (provider, cause, reason, created_by, ends_at)
       VALUES ('fathom', $1, 'known', 'ada', now() + $2::interval)`,
      [cause, forInterval],
    );
  const nowMs = async () => {
    const [row] = await world.database.query<{ now: Date }>('SELECT now()');
    return row!.now.getTime();
  };

  it('tells nobody and hides nothing, and is over when it ends', async () => {
    const replica = world.replica();
    const from = await nowMs();
    await silence('1 hour');
    await replica.tell(withDead(from, new Set(['token-0'])));
    await replica.tell(withDead(from + interval, new Set(['token-0'])));
    expect(await world.notices()).toEqual([]);
    expect(replica.open()).toEqual(['grants_dead']);

    await world.database.query('UPDATE oauth_token_exporter.silences SET ends_at = now()');
    await replica.tell(withDead(from + 61 * minute, new Set(['token-0'])));
    expect(kinds(await world.notices())).toEqual(['open']);
  });

  it('of another cause keeps nothing back', async () => {
    const from = await nowMs();
    await silence('1 hour', 'refresh_overdue');
    const replica = world.replica();
    await replica.tell(withDead(from, new Set(['token-0'])));
    await replica.tell(withDead(from + interval, new Set(['token-0'])));
    expect(kinds(await world.notices())).toEqual(['open']);
  });
});

describe('an incident of one replica', () => {
  it('is its own: the other one neither opens nor ends it', async () => {
    let problem: string | null = 'no room';
    const ill = world.replica({ host: 'a', journalProblem: () => problem });
    const well = world.replica({ host: 'b' });
    for (let poll = 0; poll < 3; poll += 1) {
      const none = pollOf(fathom!, { atMs: start + poll * interval });
      await Promise.all([ill.tell(none), well.tell(none)]);
    }
    problem = null;
    for (let poll = 3; poll < 6; poll += 1) {
      const none = pollOf(fathom!, { atMs: start + poll * interval });
      await Promise.all([ill.tell(none), well.tell(none)]);
    }
    const notices = await world.notices();
    expect(kinds(notices)).toEqual(['open', 'recovered']);
    expect(notices[0]!.explanation).toContain('Replica: a. It says: no room.');
  });
});

describe('50,000 dead grants', () => {
  it('are one incident whose ids are read once', async () => {
    const all = ids(50_000);
    const dead = new Set(all);
    const replica = world.replica();
    for (let poll = 0; poll < 3; poll += 1) {
      await replica.tell(withDead(start + poll * interval, dead, all));
    }
    const [notice] = await world.notices();
    expect(notice).toMatchObject({ title: '50000 of 50000 grants dead', affected: 50_000 });
    expect(notice!.accounts).toHaveLength(10);

    // Another one sees one more, later.
    const more = [...all, 'one-more'];
    await world.replica().tell(withDead(start + 20 * interval, new Set(more), more));
    const [, update] = await world.notices();
    expect(update).toMatchObject({ kind: 'update', affected: 50_001, previouslyAffected: 50_000 });
    expect(update!.accounts[0]?.subject).toBe('user of one-more');
    expect(kinds(await world.notices())).toEqual(['open', 'update']);
  });
});

describeWith('pgbouncer', 'through a pooler in transaction mode', () => {
  it('replicas tell once as well', async () => {
    const pooler = await startPgbouncer(testServer17);
    try {
      const url = pooler.through(world.database.url);
      const replicas = [world.replica({ url }), world.replica({ url })];
      for (let poll = 0; poll < 3; poll += 1) {
        const bad = withDead(start + poll * interval, new Set(ids(4)), ids(40));
        await Promise.all(replicas.map((replica) => replica.tell(bad)));
      }
      expect(kinds(await world.notices())).toEqual(['open']);
      expect(replicas.flatMap(({ troubles }) => troubles)).toEqual([]);
    } finally {
      await pooler.stop();
    }
  });
});
