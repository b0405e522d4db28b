import type { Claim, ExplainedToken } from './explain-token.js';

/** An owner that was not seen for so long may be gone. */
const unseenMs = 15 * 60_000;

/** What would help a token, or who does what next. */
export function nextStep(
  { provider, row, subject, decision, memory }: ExplainedToken,
  around: {
    readonly pause: string | null;
    readonly claim: Claim | null;
    readonly memoryProblem: string | null;
    readonly now: Date;
  },
): string {
  const { pause, claim, memoryProblem, now } = around;
  const tryNow = `to try it now: refresh --token-id ${row.id}`;
  const isRefreshed = provider.refresh?.mode === 'on' && memoryProblem === null;
  if (subject.grant === 'dead') {
    return isRefreshed
      ? `ask the user to authorize again; ${tryNow}`
      : 'ask the user to authorize again';
  }
  if (provider.refresh === null) {
    return 'configure how its tokens are refreshed: docs/configuration.md';
  }
  if (provider.refresh.mode !== 'on')
    return 'set REFRESH_MODE=on, or let the application refresh it';
  if (memoryProblem !== null) return memoryProblem;
  if (subject.grant === 'disabled') {
    const isValid = row.expiresAtMs !== null && row.expiresAtMs > now.getTime();
    return isValid
      ? 'switch the row on again: it was switched off while its access token was valid, which a lost race does'
      : 'switch the row on again, and the next poll refreshes it; or let the user reconnect';
  }
  if (subject.hasRefreshToken === false) return 'ask the user to authorize again';
  if (claim !== null) {
    const seenMs = claim.journal_last_seen === null ? null : Date.parse(claim.journal_last_seen);
    const lives = seenMs !== null && now.getTime() - seenMs < unseenMs;
    return lives
      ? 'wait: its refresh is under way'
      : `start the exporter that holds the journal ${claim.journal}; if it will never come back: journal abandon ${claim.journal}`;
  }
  if (pause !== null && decision.dueAtMs !== null) {
    return pause.startsWith('configuration')
      ? `correct the client's id or secret and restart; ${tryNow}`
      : `wait until the pause ends; ${tryNow}`;
  }
  switch (decision.because) {
    case 'backing_off':
      return memory?.suspectedAtMs == null
        ? `wait for the next attempt; ${tryNow}`
        : `wait: a second invalid_grant will tell whether the grant is dead; ${tryNow}`;
    case 'expiry':
    case 'declared_lifetime':
    case 'sync_auth_failure':
      return `the next poll of a running exporter refreshes it; ${tryNow}`;
    case 'no_expiry':
      return 'declare the lifetime of its access tokens (lifetime), so that something can be due';
    case 'not_yet':
    case 'infinite':
    case 'disabled':
    case 'dead':
    case 'no_refresh_token':
      return 'nothing';
  }
}
