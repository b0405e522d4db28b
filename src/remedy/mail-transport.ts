import { createTransport } from 'nodemailer';
import type { MailMessage } from './mail-message.js';
import { judgeMailFailure } from './mail-outcome.js';
import type { MailOutcome } from './mail-outcome.js';

/** How long each step of talking to a mail server may take, in milliseconds. */
export interface MailTimeouts {
  readonly connectMs: number;
  readonly greetingMs: number;
  /** Silence in the middle of it. */
  readonly silenceMs: number;
}

export const mailTimeouts: MailTimeouts = {
  connectMs: 10_000,
  greetingMs: 10_000,
  silenceMs: 30_000,
};

export interface MailTransport {
  /** Whether the server answers and takes our login; null: it does, else why not. */
  readonly check: () => Promise<string | null>;
  /** Hands one mail over. Never throws, never repeats by itself. */
  readonly send: (message: MailMessage) => Promise<MailOutcome>;
}

/**
 * Talks to the server of SMTP_URL, one connection per mail: one that breaks takes no other mail with
 * it. A server on another machine must speak TLS with a verified certificate: the login, and who is
 * written to, cross that wire.
 */
export function openMailTransport(
  smtpUrl: string,
  timeouts: MailTimeouts = mailTimeouts,
): MailTransport {
  const { protocol, hostname, port, username, password } = new URL(smtpUrl);
  const secure = protocol === 'smtps:';
  const host = hostname.replace(/^\[(.*)\]$/, '$1');
  const isLocal = host === 'localhost' || host === '::1' || /^127\.\d+\.\d+\.\d+$/.test(host);
  const transport = createTransport({
    host,
    port: port === '' ? (secure ? 465 : 587) : Number(port),
    secure,
    requireTLS: !secure && !isLocal,
    tls: { rejectUnauthorized: !isLocal },
    ...(username === ''
      ? {}
      : { auth: { user: decodeURIComponent(username), pass: decodeURIComponent(password) } }),
    connectionTimeout: timeouts.connectMs,
    greetingTimeout: timeouts.greetingMs,
    socketTimeout: timeouts.silenceMs,
    disableFileAccess: true,
    disableUrlAccess: true,
  });
  return {
    async check() {
      try {
        await transport.verify();
        return null;
      } catch (error) {
        return judgeMailFailure(error).detail;
      }
    },
    async send({ envelope, ...message }) {
      try {
        await transport.sendMail({
          ...message,
          envelope: { from: envelope.from, to: [...envelope.to] },
        });
        return { kind: 'sent', detail: null, isServerDown: false };
      } catch (error) {
        return judgeMailFailure(error);
      }
    },
  };
}
