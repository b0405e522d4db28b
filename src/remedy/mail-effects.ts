import type { MailConfig } from '../config/notify-config.js';
import type { Query } from '../database/read-snapshot.js';
import { beginMail, endMail } from '../store/reconnect-mails.js';
import type { MailedToken } from '../store/reconnect-mails.js';
import { composeMail } from './mail-message.js';
import type { MailEffects } from './mail-send.js';
import type { MailTransport } from './mail-transport.js';
import type { Reconnect } from './reconnect-list.js';

/** Who has mails sent, and why. */
export interface MailOrder {
  readonly actor: string;
  readonly why: string | null;
  /** Also to whoever was written to within the pause. */
  readonly force: boolean;
}

/** Remembers each mail before it leaves and after, and hands it over. `run` commits what it runs. */
export function createMailEffects(
  mail: MailConfig,
  transport: MailTransport,
  run: <T>(work: (query: Query) => Promise<T>) => Promise<T>,
  order: MailOrder,
): MailEffects {
  return {
    begin: async ({ address, reconnects }) => {
      const tokens = reconnects.map(mailedToken);
      const ours = new Set(await run((query) => beginMail(query, tokens, address, order)));
      return reconnects.filter(({ token }) => ours.has(token.row.id));
    },
    send: (address, reconnects) =>
      transport.send(
        composeMail(mail, {
          address,
          name: reconnects[0]?.name ?? null,
          account: reconnects[0]?.token.row.account ?? null,
          providers: [...new Set(reconnects.map(({ token }) => token.provider.name))],
        }),
      ),
    end: ({ address, reconnects }, outcome) =>
      run((query) => endMail(query, reconnects.map(mailedToken), address, outcome, order)),
  };
}

function mailedToken({ token: { provider, row } }: Reconnect): MailedToken {
  return { provider: provider.name, tokenId: row.id, subject: row.subject };
}
