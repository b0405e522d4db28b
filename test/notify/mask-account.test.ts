import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { maskAccount, withAccountsShown } from '../../src/notify/mask-account.js';
import { noticeOf } from './notices.js';

describe('a masked account', () => {
  it.each([
    ['jane@example.com', 'j***@e***.com'],
    ['ravi.menon@mail.example.co.uk', 'r***@m***.uk'],
    ['joe@example.org', 'j***@e***.org'],
    // Of two characters, one would be half of it.
    ['jo@example.com', '***@e***.com'],
    ['j@x.io', '***@***.io'],
    ['@example.com', '***@e***.com'],
    ['jane@', 'j***@***'],
    ['jane@localhost', 'j***@l***'],
    ['jane@example.', 'j***@e***'],
    ['jane@203.0.113.7', 'j***@2***'],
    ['"odd@local"@example.com', '"***@e***.com'],
    ['jane@secret.notatopleveldomain', 'j***@s***'],
    ['Jane Doe', 'J***'],
    ['jo', '***'],
    ['', '***'],
    ['józsef@példa.hu', 'j***@p***.hu'],
    ['日本語@例え.jp', '日***@***.jp'],
    ['👩‍👩‍👧‍👦abc@example.com', '***@e***.com'],
  ])('%j is shown as %j', (account, masked) => {
    expect(maskAccount(account)).toBe(masked);
  });

  it('stays as it is when it is masked again', () => {
    fc.assert(
      fc.property(fc.oneof(fc.emailAddress(), fc.string({ unit: 'grapheme' })), (account) => {
        const once = maskAccount(account);
        expect(maskAccount(once)).toBe(once);
      }),
    );
  });

  it('does not tell how long it was', () => {
    fc.assert(
      fc.property(fc.string({ minLength: 3 }), fc.string({ minLength: 3 }), (a, b) => {
        const first = (text: string) => maskAccount(`x${text.replaceAll('@', 'a')}`);
        expect(first(a)).toBe(first(b));
      }),
    );
  });

  it('is short, however long it was', () => {
    const masked = maskAccount(`${'e\u0301'.repeat(500_000)}@${'.'.repeat(500_000)}`);
    expect(masked.length).toBeLessThan(20);
  });
});

describe('the accounts of a notice', () => {
  const accounts = [
    { subject: 'user-1', account: 'jane@example.com' },
    { subject: 'user-2', account: null },
  ];
  it.each([
    ['none', [null, null]],
    ['masked', ['j***@e***.com', null]],
    ['full', ['jane@example.com', null]],
  ] as const)('with %s', (mode, shown) => {
    const notice = withAccountsShown(noticeOf({ accounts }), mode);
    expect(notice.accounts.map(({ account }) => account)).toEqual(shown);
    expect(notice.accounts.map(({ subject }) => subject)).toEqual(['user-1', 'user-2']);
  });
});
