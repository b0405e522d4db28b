import { beforeAll, describe, expect, it } from 'vitest';

it('passes', () => {
  expect(1).toBe(1);
});

it('fails', () => {
  expect(1).toBe(2);
});

it.skip('is skipped by the file', () => {
  expect(1).toBe(1);
});

describe('without a server', { skip: true, meta: { missing: ['prometheus'] } }, () => {
  it('is skipped', () => {
    expect(1).toBe(1);
  });

  describe('and deeper', () => {
    it('is skipped too', () => {
      expect(1).toBe(1);
    });
  });
});

describe('behind a hook that fails', () => {
  beforeAll(() => {
    throw new Error('the hook fails');
  });

  it('never runs', () => {
    expect(1).toBe(1);
  });
});
