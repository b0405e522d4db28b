import { describe, expect, it } from 'vitest';
import { until } from './until.js';

describe('until', () => {
  it('answers with the first true value, also after the condition threw', async () => {
    const answers = [new Error('not yet'), null, 0, 'here'];
    const value = await until('it is here', () => {
      const next = answers.shift();
      if (next instanceof Error) throw next;
      return next;
    });
    expect(value).toBe('here');
    expect(answers).toEqual([]);
  });

  it('says what it saw last when the deadline passes', async () => {
    const waiting = until('it is here', () => Promise.reject(new Error('no answer')), {
      withinMs: 30,
      everyMs: 5,
    });
    await expect(waiting).rejects.toThrow('within 30 ms: it is here. Last seen: no answer');
  });
});
