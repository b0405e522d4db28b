import { describe, expect, it } from 'vitest';
import { createAdminAccess, mostWrongTries, wrongTriesMs } from '../../src/publish/admin-access.js';

const adminToken = 'planted-admin-token-0123456789';

function accessAt() {
  const clock = { nowMs: 0 };
  const access = createAdminAccess(adminToken, () => clock.nowMs);
  const present = (token: string, address = '192.0.2.1') => access.present(address, token);
  const guess = (times: number, address?: string) => {
    for (let time = 0; time < times; time += 1) present('wrong', address);
  };
  return { clock, present, guess };
}

describe('the ADMIN_TOKEN', () => {
  it('is granted whole, and nothing else is', () => {
    const { present } = accessAt();
    expect(present(adminToken)).toEqual({ kind: 'granted' });
    for (const token of ['', adminToken.slice(1), `${adminToken}x`, adminToken.toUpperCase()]) {
      expect(present(token)).toEqual({ kind: 'refused' });
    }
  });

  it('is looked at again after the last wrong try that is allowed, and not after one more', () => {
    const { present, guess } = accessAt();
    guess(mostWrongTries - 1);
    expect(present(adminToken).kind).toBe('granted');
    guess(1);
    expect(present(adminToken)).toEqual({ kind: 'barred', forMs: wrongTriesMs });
  });

  it('is looked at again exactly when the time is over', () => {
    const { clock, present, guess } = accessAt();
    guess(mostWrongTries);
    clock.nowMs = wrongTriesMs - 1;
    expect(present(adminToken)).toEqual({ kind: 'barred', forMs: 1 });
    clock.nowMs = wrongTriesMs;
    expect(present(adminToken).kind).toBe('granted');
  });

  it('bars only the address that guessed', () => {
    const { present, guess } = accessAt();
    guess(mostWrongTries, '192.0.2.1');
    expect(present(adminToken, '192.0.2.2').kind).toBe('granted');
  });

  it('remembers no more than a thousand addresses, and forgets the one that guessed longest ago', () => {
    const { present, guess } = accessAt();
    guess(mostWrongTries, 'first');
    for (let other = 0; other < 999; other += 1) guess(1, `other-${other}`);
    expect(present(adminToken, 'first').kind).toBe('barred');
    guess(1, 'one more');
    expect(present(adminToken, 'first').kind).toBe('granted');
  });
});
