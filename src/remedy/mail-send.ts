import type { MailOutcome } from './mail-outcome.js';
import type { PlannedMail } from './mail-plan.js';
import type { Reconnect } from './reconnect-list.js';

export interface MailEffects {
  /** Takes the mail, committed before it leaves; tells which of its tokens are still ours to write about. */
  readonly begin: (mail: PlannedMail) => Promise<readonly Reconnect[]>;
  readonly send: (address: string, reconnects: readonly Reconnect[]) => Promise<MailOutcome>;
  readonly end: (mail: PlannedMail, outcome: MailOutcome) => Promise<void>;
}

/** What came of a mail. */
export interface MailResult {
  readonly mail: PlannedMail;
  /** null: somebody else has just written to them. */
  readonly outcome: MailOutcome | null;
}

export interface MailRun {
  readonly results: readonly MailResult[];
  /** Mails that were not begun. */
  readonly left: number;
  /** Why it ended before all were sent; null: it did not. */
  readonly stopped: string | null;
}

/** Mails on their way at a time. */
const inFlight = 3;
/** After so many in a row that the server could not take, the others are not tried. */
const mostFailures = 3;

/**
 * Sends mails, a few at a time. One bad address stops nobody; a server that is gone, a memory that
 * can't be written and `stop` keep further mails from beginning, and what is on its way is waited
 * for. What began and has no end is never sent again by itself.
 */
export async function sendMails(
  mails: readonly PlannedMail[],
  { begin, send, end }: MailEffects,
  stop: AbortSignal,
): Promise<MailRun> {
  const results: MailResult[] = [];
  let next = 0;
  let failures = 0;
  let stopped: string | null = null;
  const work = async (): Promise<void> => {
    for (;;) {
      if (stop.aborted) stopped ??= 'interrupted';
      const mail = mails[next];
      if (mail === undefined || stopped !== null) return;
      next += 1;
      let isBegun = false;
      try {
        const reconnects = await begin(mail);
        isBegun = true;
        if (reconnects.length === 0) {
          results.push({ mail, outcome: null });
          continue;
        }
        const outcome = await send(mail.address, reconnects);
        results.push({ mail, outcome });
        failures = outcome.isServerDown ? failures + 1 : 0;
        if (failures >= mostFailures) {
          stopped ??= `the mail server can not be used: ${outcome.detail ?? 'no reason given'}`;
        }
        await end({ ...mail, reconnects }, outcome);
      } catch (error) {
        const detail = `the memory could not be written: ${error instanceof Error ? error.message : String(error)}`;
        stopped ??= detail;
        if (!isBegun) {
          results.push({ mail, outcome: { kind: 'failed', detail, isServerDown: false } });
        }
      }
    }
  };
  await Promise.all(Array.from({ length: inFlight }, work));
  return { results, left: mails.length - next, stopped };
}
