/** How accounts and addresses are shown. */
export const accountModes = ['masked', 'full', 'none'] as const;
export type AccountMode = (typeof accountModes)[number];

/** Shows an account: of `ravi.menon@example.com`, masked, `r…@example.com`. */
export function showAccount(account: string | null, mode: AccountMode): string | null {
  if (account === null) return null;
  switch (mode) {
    case 'full':
      return account;
    case 'none':
      return null;
    case 'masked': {
      const [first = ''] = account;
      const at = account.lastIndexOf('@');
      return at <= 0 ? `${first}…` : `${first}…${account.slice(at)}`;
    }
  }
}
