import type { Pool } from 'pg';
import { refreshSubject } from '../assess/refresh-subject.js';
import { observedAtOf, wasRead } from '../assess/assess.js';
import type { Assessment } from '../assess/assess.js';
import type { AssessedToken } from '../assess/assessed-token.js';
import type { Config, ProviderConfig } from '../config/config.js';
import type { MailConfig } from '../config/notify-config.js';
import type { DatabaseOf } from '../database/databases.js';
import { writeTransaction } from '../database/write-transaction.js';
import type { Log } from '../log.js';
import { readMails } from '../store/reconnect-mails.js';
import type { JudgedToken } from './judged-token.js';
import { createMailEffects } from './mail-effects.js';
import { planMails } from './mail-plan.js';
import { sendMails } from './mail-send.js';
import { openMailTransport } from './mail-transport.js';
import type { MailTransport } from './mail-transport.js';
import { readPeople } from './read-people.js';
import { reconnectList } from './reconnect-list.js';

/** A grant that died earlier is not written about by itself: whoever turns this on late would write to all. */
const freshMs = 24 * 3_600_000;
/** More deaths at once are no users' doing: somebody must look before everybody gets a mail. */
const mostAtOnce = 10;

export interface AutomaticMail {
  /** Looks for grants that have just died, and writes to their users beside the polls. */
  readonly offer: (latest: Assessment) => void;
  /** Begins no further mail, and waits for what is on its way. */
  readonly stop: () => Promise<void>;
}

/** What automatic mail works with. */
export interface AutomaticMailParts {
  readonly databaseOf: DatabaseOf;
  readonly statePool: Pool;
  readonly log: Log;
}

/**
 * Writes by itself to the user of a grant that died, once, as `reconnect --notify` does and with the
 * same memory. A mass death is left to people, loudly. null: nobody wants that.
 */
export function startAutomaticMail(
  { mail, smtpUrl, providers }: Config,
  parts: AutomaticMailParts,
): AutomaticMail | null {
  if (mail?.automatic !== true) return null;
  if (smtpUrl !== null) return start(mail, openMailTransport(smtpUrl), providers, parts);
  parts.log.warn('mail.automatic is set and no mail is sent: set SMTP_URL');
  return null;
}

function start(
  mail: MailConfig,
  transport: MailTransport,
  providers: readonly ProviderConfig[],
  { databaseOf, statePool, log }: AutomaticMailParts,
): AutomaticMail {
  const stopping = new AbortController();
  const handled = new Set<string>();
  let running: Promise<void> | null = null;

  const write = async (provider: ProviderConfig, dead: readonly JudgedToken[], nowMs: number) => {
    const subjects = dead.flatMap(({ row }) => (row.subject === null ? [] : [row.subject]));
    const people =
      provider.people === null
        ? null
        : await readPeople(databaseOf(provider), provider.people, subjects);
    if (people?.known === false) throw new Error(`${people.reason}; ${people.remedy}`);
    const list = reconnectList(
      dead,
      {
        personOf: ({ row }) => people?.value.get(row.subject ?? '') ?? null,
        lastSwitchOf: () => null,
      },
      false,
      nowMs,
    );
    const order = { actor: 'serve', why: 'its grant died', force: false };
    const run = <T>(work: Parameters<typeof writeTransaction<T>>[1]) =>
      writeTransaction(statePool, work);
    const remembered = await run((query) => readMails(query, [provider.name]));
    const { mails } = planMails(list, remembered, false);
    const effects = createMailEffects(mail, transport, run, order);
    const { results, stopped } = await sendMails(mails, effects, stopping.signal);
    const sent = results.filter(({ outcome }) => outcome?.kind === 'sent').length;
    const fields = { provider: provider.name, sent, planned: mails.length };
    if (stopped === null && sent === mails.length) log.info('asked users to reconnect', fields);
    else log.warn('not every user could be asked to reconnect', { ...fields, reason: stopped });
  };

  const offerProvider = (
    provider: ProviderConfig,
    tokens: readonly AssessedToken[],
    nowMs: number,
  ): void => {
    if (running !== null || stopping.signal.aborted) return;
    const dead = tokens
      .filter(({ grant, memory }) => grant === 'dead' && isFresh(memory.deadSinceMs, nowMs))
      .filter((token) => !handled.has(keyOf(provider, token)));
    if (dead.length === 0) return;
    for (const token of dead) handled.add(keyOf(provider, token));
    if (dead.length > mostAtOnce) {
      log.warn('too many grants died at once to write to their users by itself', {
        provider: provider.name,
        dead: dead.length,
        next: 'find out why, then: reconnect --notify',
      });
      return;
    }
    running = write(
      provider,
      dead.map((token) => judged(provider, token)),
      nowMs,
    )
      .catch((error: unknown) => {
        log.warn('users could not be asked to reconnect: reconnect --notify does it', {
          provider: provider.name,
          error: error instanceof Error ? error.message : String(error),
        });
      })
      .finally(() => {
        running = null;
      });
  };

  return {
    offer(latest) {
      for (const provider of providers) {
        const grants = latest.providers.get(provider.name)?.grants ?? null;
        const observedAt = observedAtOf(latest, provider.name);
        if (grants === null || observedAt === null || !wasRead(latest, provider)) continue;
        offerProvider(provider, grants.tokens, observedAt.getTime());
      }
    },
    async stop() {
      stopping.abort();
      await running;
    },
  };
}

function isFresh(deadSinceMs: number | null, nowMs: number): boolean {
  return deadSinceMs !== null && nowMs - deadSinceMs < freshMs;
}

/** One death of one grant. */
function keyOf(provider: ProviderConfig, { tokenId, memory }: AssessedToken): string {
  return `${provider.name}\n${tokenId}\n${String(memory.deadSinceMs)}`;
}

function judged(provider: ProviderConfig, token: AssessedToken): JudgedToken {
  const { tokenId: id, subject, account, active, expiresAtMs, hasRefreshToken, memory } = token;
  const row = { id, subject, account, active, expiresAtMs, hasRefreshToken };
  return {
    provider,
    row,
    memory,
    subject: refreshSubject(provider, memory, {
      ...row,
      currentFingerprint: null,
      syncAuthFailedAtMs: null,
    }),
  };
}
