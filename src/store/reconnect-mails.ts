import { createHash } from 'node:crypto';
import type { Query } from '../database/read-snapshot.js';
import { stateSchema } from './migrate.js';

/** What came of a mail. */
export const mailOutcomes = [
  /** The server took it. */
  'sent',
  /** The server refused this address or this mail for good (5xx). */
  'refused',
  /** It has not left, and may another time. */
  'failed',
  /** It may have left: the connection ended before the server's answer. */
  'unconfirmed',
] as const;
export type MailOutcomeKind = (typeof mailOutcomes)[number];

/** Nobody gets a second mail about the same token within this time. */
export const mailPauseDays = 7;

/** A token that a mail is about. */
export interface MailedToken {
  readonly provider: string;
  readonly tokenId: string;
  readonly subject: string | null;
}

/** The mail about one token to one address that is remembered last. */
export interface RememberedMail extends MailedToken {
  readonly addressHash: string;
  readonly beganAt: Date;
  /** null: the process ended before it knew. */
  readonly outcome: MailOutcomeKind | null;
  /** A second one would come too soon. */
  readonly tooRecent: boolean;
}

/**
 * Hash of an address, so that nobody is written to twice and yet no address is kept. It differs from
 * token to token; whoever guesses an address can still check the guess.
 */
export function addressHashOf(provider: string, tokenId: string, address: string): string {
  const text = `${provider}\n${tokenId}\n${address.toLowerCase()}`;
  return createHash('sha256').update(text).digest('hex');
}

/** What keeps a mail from being sent again: it left, or may have, within the pause. */
const tooRecentSql = (mail: string) =>
  `((${mail}.outcome IS NULL OR ${mail}.outcome IN ('sent', 'unconfirmed'))
    AND ${mail}.began_at > now() - interval '${String(mailPauseDays)} days')`;

/** Reads all that is remembered of mails about the tokens of these providers. */
export async function readMails(
  query: Query,
  providers: readonly string[],
): Promise<RememberedMail[]> {
  return query<RememberedMail & Record<string, unknown>>(
    `SELECT provider, token_id AS "tokenId", subject, address_hash AS "addressHash",
            began_at AS "beganAt", outcome, ${tooRecentSql('mail')} AS "tooRecent"
     FROM ${stateSchema}.reconnect_mails AS mail WHERE provider = ANY($1)`,
    [providers],
  );
}

/**
 * Takes a mail about these tokens for this process, and remembers that it began; returns the ids of
 * those that it may be about. Of two processes at once, one gets each token.
 */
export async function beginMail(
  query: Query,
  tokens: readonly MailedToken[],
  address: string,
  { force, actor }: { readonly force: boolean; readonly actor: string },
): Promise<string[]> {
  const input = tokens.map((each) => ({
    ...each,
    addressHash: addressHashOf(each.provider, each.tokenId, address),
  }));
  const rows = await query<{ tokenId: string }>(
    `INSERT INTO ${stateSchema}.reconnect_mails AS mail
       (provider, token_id, address_hash, subject, began_at, actor)
     SELECT provider, "tokenId", "addressHash", subject, now(), $2
     FROM jsonb_to_recordset($1::jsonb)
       AS x(provider text, "tokenId" text, "addressHash" text, subject text)
     ON CONFLICT (provider, token_id, address_hash) DO UPDATE SET
       subject = excluded.subject, began_at = excluded.began_at, outcome = NULL, detail = NULL,
       actor = excluded.actor
     WHERE $3 OR NOT ${tooRecentSql('mail')}
     RETURNING token_id AS "tokenId"`,
    [JSON.stringify(input), actor, force],
  );
  return rows.map(({ tokenId }) => tokenId);
}

/** Remembers what came of a mail, and writes it into the ledger of each token. */
export async function endMail(
  query: Query,
  tokens: readonly MailedToken[],
  address: string,
  outcome: { readonly kind: MailOutcomeKind; readonly detail: string | null },
  { actor, why }: { readonly actor: string; readonly why: string | null },
): Promise<void> {
  const input = tokens.map((each) => ({
    ...each,
    addressHash: addressHashOf(each.provider, each.tokenId, address),
  }));
  await query(
    `WITH input AS (
       SELECT * FROM jsonb_to_recordset($1::jsonb)
         AS x(provider text, "tokenId" text, "addressHash" text)
     ), remembered AS (
       UPDATE ${stateSchema}.reconnect_mails AS mail SET outcome = $2, detail = $3 FROM input
       WHERE mail.provider = input.provider AND mail.token_id = input."tokenId"
         AND mail.address_hash = input."addressHash"
     )
     INSERT INTO ${stateSchema}.ledger (at, provider, token_id, event, reason, detail, actor)
     SELECT now(), provider, "tokenId", 'reconnect_mail', $2, $5, $4 FROM input`,
    [JSON.stringify(input), outcome.kind, outcome.detail, actor, why],
  );
}
