import { describe, expect, it } from 'vitest';
import { createGathering } from '../../src/app/gather-readings.js';
import { nothingKnown } from '../../src/assess/assess.js';
import type { PollResult } from '../../src/assess/assess.js';
import { databaseAway } from '../publish/assessments.js';

const away: PollResult = { ok: false, failure: databaseAway };
/** Nobody in these tests takes so long, and nobody is given up. */
const graceMs = 20;

interface Answer {
  readonly resolve: (result: PollResult) => void;
  readonly reject: (error: Error) => void;
}

/** Databases that answer when the test says so; those that are named answer at once. */
function world(databases: readonly string[], prompt: readonly string[] = []) {
  const asked: string[] = [];
  const answers = new Map<string, Answer>();
  let clockMs = 0;
  let late = 0;
  const gathering = createGathering({
    databases,
    graceMs,
    read(database) {
      asked.push(database);
      if (prompt.includes(database)) return Promise.resolve(away);
      const promise = new Promise<PollResult>((resolve, reject) => {
        answers.set(database, { resolve, reject });
      });
      return promise;
    },
    onLate: () => {
      late += 1;
    },
    monotonicMs: () => clockMs,
  });
  return {
    ask: async () => (await gathering.ask(nothingKnown)).map(({ database }) => database).sort(),
    takeLate: () => gathering.takeLate().map(({ database }) => database),
    asked: () => asked.splice(0),
    late: () => late,
    answer: async (database: string, afterMs: number) => {
      clockMs += afterMs;
      answers.get(database)?.resolve(away);
      for (let turn = 0; turn < 5; turn += 1) await Promise.resolve();
    },
    fail: (database: string, error: Error) => answers.get(database)?.reject(error),
  };
}

describe('gathering what databases answer', () => {
  it('goes on without one that is late, and does not ask it again meanwhile', async () => {
    const { ask, asked, late } = world(['a', 'b', 'slow'], ['a', 'b']);
    expect(await ask()).toEqual(['a', 'b']);
    expect(asked()).toEqual(['a', 'b', 'slow']);
    expect(await ask()).toEqual(['a', 'b']);
    expect(asked()).toEqual(['a', 'b']);
    expect(late()).toBe(0);
  });

  it('tells of an answer that no poll waits for, and hands it out once', async () => {
    const { ask, answer, takeLate, late } = world(['a', 'slow'], ['a']);
    await ask();
    await answer('slow', 5_000);
    expect(late()).toBe(1);
    expect(takeLate()).toEqual(['slow']);
    expect(takeLate()).toEqual([]);
  });

  it('hands a late answer to the next poll, where nobody has taken it', async () => {
    const { ask, answer } = world(['a', 'slow'], ['a']);
    await ask();
    await answer('slow', 5_000);
    expect(await ask()).toEqual(['a', 'slow']);
  });

  it('waits for one that was late only after it was in time again', async () => {
    const { ask, answer, takeLate } = world(['slow']);
    const several = world(['a', 'slow'], ['a']);
    await several.ask();
    await several.answer('slow', graceMs + 1);
    several.takeLate();
    // Not waited for: nothing but the answers at hand decides when this ends.
    expect(await several.ask()).toEqual(['a']);
    await several.answer('slow', graceMs);
    several.takeLate();
    const asking = several.ask();
    await several.answer('slow', 1);
    expect(await asking).toEqual(['a', 'slow']);

    const alone = ask();
    await answer('slow', 3_600_000);
    expect(await alone).toEqual(['slow']);
    expect(takeLate()).toEqual([]);
  });

  it('passes on a fault of the exporter, once', async () => {
    const { ask, fail, asked } = world(['a', 'b'], ['a']);
    const asking = ask();
    fail('b', new TypeError('a bug'));
    await expect(asking).rejects.toThrow('a bug');
    asked();
    const again = ask();
    expect(asked()).toEqual(['a', 'b']);
    await expect(again).resolves.toContain('a');
  });
});
