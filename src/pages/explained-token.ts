import type { AssessedToken } from '../assess/assessed-token.js';
import { chooseLifetime } from '../assess/lifetime.js';
import { refreshSubject } from '../assess/refresh-subject.js';
import { syncAuthFailedAtMs } from '../assess/sync-failures.js';
import type { SyncFailures } from '../assess/sync-failures.js';
import type { ProviderConfig } from '../config/config.js';
import { showAccount } from '../notify/mask-account.js';
import type { AccountMode } from '../notify/mask-account.js';
import type { ExplainedToken } from '../remedy/explain-token.js';
import type { JudgedToken } from '../remedy/judged-token.js';

/** A token of the last poll, as the remedies judge it. */
export function judgedToken(
  provider: ProviderConfig,
  token: AssessedToken,
  failures: SyncFailures | null,
): JudgedToken {
  const { tokenId, subject, account, active, expiresAtMs, hasRefreshToken, memory } = token;
  const row = { id: tokenId, subject, account, active, expiresAtMs, hasRefreshToken };
  return {
    provider,
    row,
    memory,
    subject: refreshSubject(provider, memory, {
      // Field by field: tens of thousands of them are judged for one page.
      active,
      expiresAtMs,
      hasRefreshToken,
      currentFingerprint: null,
      syncAuthFailedAtMs: syncAuthFailedAtMs(failures, tokenId),
    }),
  };
}

/** The same as it is explained, its account shown as `accounts` says. */
export function explainedToken(
  provider: ProviderConfig,
  token: AssessedToken,
  failures: SyncFailures | null,
  accounts: AccountMode,
): ExplainedToken {
  const judged = judgedToken(provider, token, failures);
  return {
    ...judged,
    account: showAccount(token.account, accounts),
    lifetime: chooseLifetime({
      ...token.memory,
      declaredLifetimeMs: provider.declaredLifetimeMs,
      expiresAtMs: judged.subject.expiresAtMs,
    }),
    decision: token.decision,
  };
}
