/** How much of an account people are shown. */
export const accountModes = ['none', 'masked', 'full'] as const;
export type AccountMode = (typeof accountModes)[number];

/**
 * Shows an account as configured; null: not at all. Masked keeps what its owner recognises:
 * `j***@e***.com` of an e-mail address, the first character of anything else.
 */
export function showAccount(account: string, mode: AccountMode): string | null {
  switch (mode) {
    case 'none':
      return null;
    case 'full':
      return account;
    case 'masked':
      return mask(account);
  }
}

function mask(account: string): string {
  const at = account.lastIndexOf('@');
  if (at < 0) return maskWord(account);
  const domain = account.slice(at + 1);
  const dot = domain.lastIndexOf('.');
  const ending = dot > 0 ? domain.slice(dot) : '';
  return `${maskWord(account.slice(0, at))}@${maskWord(domain)}${ending}`;
}

/** By characters as people see them; always the same number of stars, so that no length shows. */
function maskWord(word: string): string {
  const [first = ''] = word;
  return `${first}***`;
}
