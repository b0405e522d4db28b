import type { MailOutcomeKind } from '../store/reconnect-mails.js';

export interface MailOutcome {
  readonly kind: MailOutcomeKind;
  /** What the server said; never holds a secret. */
  readonly detail: string | null;
  /** The server itself could not be used: the next mail will fare no better. */
  readonly isServerDown: boolean;
}

/** Timeouts before anything could have left. */
const earlyTimeouts: readonly unknown[] = ['CONNECTION_TIMEOUT', 'GREETING_TIMEOUT'];

/**
 * Says what a failure to send means.
 *
 * An answer of the server decides: 5xx is for good, 4xx for now. Without one the mail has not left
 * where no connection came about, and may have left in every other case: that is `unconfirmed`, and
 * errs on the side of not writing to anybody twice.
 */
export function judgeMailFailure(error: unknown): MailOutcome {
  const { responseCode, response, code, syscall, timeoutType, message } = error as Record<
    string,
    unknown
  >;
  const isLogin = code === 'EAUTH';
  if (typeof responseCode === 'number' && !isLogin) {
    return {
      kind: responseCode >= 500 ? 'refused' : 'failed',
      detail: oneLine(response) ?? String(responseCode),
      isServerDown: responseCode === 421,
    };
  }
  const neverConnected =
    isLogin ||
    code === 'EDNS' ||
    code === 'ETLS' ||
    syscall === 'connect' ||
    earlyTimeouts.includes(timeoutType);
  return {
    kind: neverConnected ? 'failed' : 'unconfirmed',
    detail: isLogin ? 'the server refuses user or password' : (oneLine(message) ?? String(code)),
    isServerDown: true,
  };
}

/** Servers repeat the address, which is neither shown in full nor kept. */
function oneLine(text: unknown): string | null {
  if (typeof text !== 'string') return null;
  return text
    .replaceAll(/\p{Cc}+/gu, ' ')
    .replaceAll(/[^\s<>]+@[^\s<>]+/g, '(address)')
    .slice(0, 200);
}
