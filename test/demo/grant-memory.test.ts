import { describe, expect, it } from 'vitest';
import { GrantMemory } from '../../src/demo/grant-memory.js';

describe('the memory of the authorization server', () => {
  it('gives back what it was given, with the mark of a consumed token', async () => {
    const memory = new GrantMemory();
    await memory.upsert('a', { grantId: 'g' }, 60);
    expect(await memory.find('a')).toEqual({ grantId: 'g' });
    await memory.consume('a');
    expect((await memory.find('a'))?.consumed).toBeGreaterThan(1_700_000_000);
  });

  it('revokes all of one grant and nothing of another', async () => {
    const memory = new GrantMemory();
    await memory.upsert('a', { grantId: 'g' }, 60);
    await memory.upsert('b', { grantId: 'g' }, 60);
    await memory.upsert('c', { grantId: 'other' }, 60);
    await memory.revokeByGrantId('g');
    expect(await memory.find('a')).toBeUndefined();
    expect(await memory.find('b')).toBeUndefined();
    expect(await memory.find('c')).toBeDefined();
  });

  it('keeps the newest 20 tokens of a grant, so that a demo may refresh for weeks', async () => {
    const memory = new GrantMemory();
    for (let n = 1; n <= 1_000; n += 1) await memory.upsert(`t${n}`, { grantId: 'g' }, 60);
    expect(memory.size).toBe(20);
    expect(await memory.find('t981')).toBeDefined();
    expect(await memory.find('t980')).toBeUndefined();
  });

  it('forgets what has expired as it learns something new', async () => {
    const memory = new GrantMemory();
    for (let n = 0; n < 100; n += 1) await memory.upsert(`old${n}`, { grantId: `g${n}` }, -1);
    for (let n = 0; n < 100; n += 1) await memory.upsert(`new${n}`, { grantId: `g${n}` }, 60);
    expect(memory.size).toBe(100);
    expect(await memory.find('new0')).toBeDefined();
  });
});
