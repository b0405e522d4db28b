import type { AddressInfo } from 'node:net';
import { SMTPServer } from 'smtp-server';

/** A mail as the server got it. */
export interface ReceivedMail {
  readonly to: readonly string[];
  /** Headers and bodies, quoted-printable as they came. */
  readonly raw: string;
}

/** A real mail server on loopback that keeps what it gets, and can be made to misbehave. */
export interface MailServer {
  readonly url: string;
  readonly received: ReceivedMail[];
  /** Answers RCPT TO of these addresses with this code. */
  readonly refuse: (address: string, code: number) => void;
  /** Takes the whole mail, and drops the connection in place of the last answer. */
  readonly dropAfterData: (address: string) => void;
  /** Answers no mail until `release`; tells how many wait. */
  readonly hold: () => { readonly waiting: () => number; readonly release: () => void };
  readonly stop: () => Promise<void>;
}

export async function startMailServer(): Promise<MailServer> {
  const received: ReceivedMail[] = [];
  const refused = new Map<string, number>();
  const dropped = new Set<string>();
  let held: (() => void)[] | null = null;
  const server = new SMTPServer({
    authOptional: true,
    disabledCommands: ['STARTTLS', 'AUTH'],
    logger: false,
    onRcptTo({ address }, _session, callback) {
      const code = refused.get(address);
      if (code === undefined) callback();
      else callback(Object.assign(new Error('no such mailbox here'), { responseCode: code }));
    },
    onData(stream, session, callback) {
      let raw = '';
      stream.setEncoding('utf8').on('data', (text: string) => (raw += text));
      stream.on('end', () => {
        const to = session.envelope.rcptTo.map(({ address }) => address);
        received.push({ to, raw });
        if (to.some((address) => dropped.has(address))) {
          for (const connection of server.connections) connection.close();
          return;
        }
        if (held === null) callback();
        else held.push(callback);
      });
    },
  });
  server.on('error', () => undefined);
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const { port } = server.server.address() as AddressInfo;
  return {
    url: `smtp://127.0.0.1:${String(port)}`,
    received,
    refuse: (address, code) => refused.set(address, code),
    dropAfterData: (address) => dropped.add(address),
    hold: () => {
      const waiting: (() => void)[] = [];
      held = waiting;
      return {
        waiting: () => waiting.length,
        release: () => {
          held = null;
          for (const answer of waiting) answer();
        },
      };
    },
    stop: () =>
      new Promise((resolve) => {
        server.close(resolve);
      }),
  };
}
