import { parseAddress } from '../config/mail-address.js';
import { addressHashOf } from '../store/reconnect-mails.js';
import type { RememberedMail } from '../store/reconnect-mails.js';
import type { Reconnect } from './reconnect-list.js';

/** One mail to one person, about all their tokens on the list. */
export interface PlannedMail {
  readonly address: string;
  readonly reconnects: readonly Reconnect[];
}

/** Somebody on the list who is not written to, and why. */
export interface PassedOver {
  readonly reconnect: Reconnect;
  readonly because: 'no_address' | 'invalid_address' | 'written_recently';
  /** When they were written to; null: they were not. */
  readonly writtenAt: Date | null;
}

export interface MailPlan {
  readonly mails: readonly PlannedMail[];
  readonly passedOver: readonly PassedOver[];
}

/**
 * Plans who is written to: each address once, at the application's own address of the person, else
 * at the account's. Whoever was written to about the same token within the pause is passed over,
 * unless forced.
 */
export function planMails(
  list: readonly Reconnect[],
  remembered: readonly RememberedMail[],
  force: boolean,
): MailPlan {
  const recent = new Map(
    remembered
      .filter(({ tooRecent }) => tooRecent)
      .map((mail) => [`${mail.provider}\n${mail.tokenId}\n${mail.addressHash}`, mail]),
  );
  const mails = new Map<string, { address: string; reconnects: Reconnect[] }>();
  const passedOver: PassedOver[] = [];
  for (const reconnect of list) {
    const { provider, row } = reconnect.token;
    const text = reconnect.appEmail ?? row.account ?? '';
    const address = parseAddress(text);
    if (address === null) {
      const because = text.trim() === '' ? 'no_address' : 'invalid_address';
      passedOver.push({ reconnect, because, writtenAt: null });
      continue;
    }
    const hash = addressHashOf(provider.name, row.id, address);
    const written = recent.get(`${provider.name}\n${row.id}\n${hash}`);
    if (written !== undefined && !force) {
      passedOver.push({ reconnect, because: 'written_recently', writtenAt: written.beganAt });
      continue;
    }
    const key = address.toLowerCase();
    const mail = mails.get(key) ?? { address, reconnects: [] };
    mail.reconnects.push(reconnect);
    mails.set(key, mail);
  }
  return { mails: [...mails.values()], passedOver };
}
