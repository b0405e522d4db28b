import { describe, expect, it } from 'vitest';
import { runInSlices } from '../src/run-in-slices.js';

describe('work that runs in slices', () => {
  it('lets others have their turn before it ends', async () => {
    let hadTurn = false;
    setImmediate(() => {
      hadTurn = true;
    });
    function* untilOthersHadTheirs() {
      while (!hadTurn) yield;
      return 'done';
    }
    expect(await runInSlices(untilOthersHadTheirs())).toBe('done');
  });

  it('fails with what it threw', async () => {
    function* failing() {
      yield;
      throw new Error('broken');
    }
    await expect(runInSlices(failing())).rejects.toThrow('broken');
  });
});
