import { formatInstant, isoInstant } from '../config/format-instant.js';
import { verifyReturns } from '../remedy/reconnect-verify.js';
import type { AskedToken, Returned } from '../remedy/reconnect-verify.js';
import type { JudgedToken } from '../remedy/judged-token.js';
import { reconnectList } from '../remedy/reconnect-list.js';
import type { ReconnectContext } from '../remedy/reconnect-list.js';
import { readMails } from '../store/reconnect-mails.js';
import { readReauthorized } from '../store/reauthorized.js';
import type { CommandContext } from './command-context.js';
import { exitCode } from './exit-code.js';
import type { ExitCode } from './exit-code.js';
import { showAccount } from '../notify/mask-account.js';
import type { AccountMode } from '../notify/mask-account.js';
import { reasonWords } from './reconnect-format.js';
import { readRemedy, withRemedy } from './remedy-scope.js';
import type { RemedyScope } from './remedy-scope.js';
import { formatTable } from './table.js';

export interface VerifyOptions {
  readonly provider: string | null;
  /** null: since they were last written to. */
  readonly since: Date | null;
  readonly json: boolean;
  readonly accounts: AccountMode;
}

/** `reconnect --verify`: who came back, and who has not. Changes nothing; answers "no" for the latter. */
export async function reconnectVerify(
  context: CommandContext,
  { provider, since, json, accounts }: VerifyOptions,
): Promise<ExitCode> {
  return withRemedy(context, provider, async (scope) => {
    const reading = await readRemedy(context, scope);
    const { now, tokens, unread, memoryProblem } = reading.facts;
    if (memoryProblem !== null) {
      context.stderr.write(`it is not known who was to come back: ${memoryProblem}\n`);
      return exitCode.unknown;
    }
    const asked = await readAsked(scope, reading, since);
    const returned = verifyReturns(asked, tokens, now.getTime());
    context.stdout.write(
      json
        ? `${JSON.stringify({ now: now.toISOString(), returns: returned.map((each) => record(each, accounts)) }, null, 2)}\n`
        : formatReturns(returned, accounts, since),
    );
    if (unread.length > 0) return exitCode.unknown;
    return returned.every(({ verdict }) => verdict.kind === 'back') ? exitCode.fine : exitCode.no;
  });
}

/** The tokens that are there, and what is known beside them. */
interface AskedReading extends ReconnectContext {
  readonly facts: { readonly now: Date; readonly tokens: readonly JudgedToken[] };
}

/** Whoever was written to; or, since an instant, whoever came back or must still. */
export async function readAsked(
  { state, providers }: Pick<RemedyScope, 'state' | 'providers'>,
  reading: AskedReading,
  since: Date | null,
): Promise<AskedToken[]> {
  const names = providers.map(({ name }) => name);
  if (since !== null) {
    const seen = await state.run((query) => readReauthorized(query, names, since));
    const { tokens, now } = reading.facts;
    const waiting = reconnectList(tokens, reading, false, now.getTime());
    return unique([
      ...seen.map(({ at, ...token }) => ({ ...token, askedAt: at })),
      ...waiting.map(({ token: { provider, row } }) => ({
        provider: provider.name,
        tokenId: row.id,
        subject: row.subject,
        askedAt: since,
      })),
    ]);
  }
  const mails = await state.run((query) => readMails(query, names));
  return unique(
    mails
      .filter(({ outcome }) => outcome === 'sent' || outcome === 'unconfirmed' || outcome === null)
      .map(({ provider, tokenId, subject, beganAt }) => ({
        provider,
        tokenId,
        subject,
        askedAt: beganAt,
      })),
  );
}

function unique(asked: readonly AskedToken[]): AskedToken[] {
  const last = new Map(asked.map((each) => [`${each.provider}\n${each.tokenId}`, each]));
  return [...last.values()].sort((a, b) => a.askedAt.getTime() - b.askedAt.getTime());
}

function formatReturns(
  returned: readonly Returned[],
  accounts: AccountMode,
  since: Date | null,
): string {
  if (returned.length === 0) {
    return since === null
      ? 'nobody was written to; --since <instant> looks at whoever came back since\n'
      : 'nobody came back since, and nobody must\n';
  }
  const rows = returned.map((each) => {
    const { user_id, account, token_expires_at, verdict } = record(each, accounts);
    const asked = formatInstant(each.asked.askedAt.getTime()) ?? '';
    return [user_id ?? '', account ?? '', asked, token_expires_at ?? '', verdict, why(each)];
  });
  const back = returned.filter(({ verdict }) => verdict.kind === 'back').length;
  const header = ['user_id', 'account', 'since', 'token_expires_at', 'verdict', 'why'];
  return `${formatTable(header, rows)}\n\n${String(back)} of ${String(returned.length)} came back\n`;
}

function record({ asked, verdict }: Returned, accounts: AccountMode) {
  const row = verdict.kind === 'gone' ? null : verdict.token.row;
  return {
    provider: asked.provider,
    token_id: row?.id ?? asked.tokenId,
    user_id: asked.subject ?? row?.subject ?? null,
    account: showAccount(row?.account ?? null, accounts),
    asked_at: asked.askedAt.toISOString(),
    token_expires_at: isoInstant(row?.expiresAtMs ?? null),
    verdict: verdict.kind,
    reason: verdict.kind === 'not_back' ? verdict.reason : null,
  };
}

function why({ verdict }: Returned): string {
  switch (verdict.kind) {
    case 'back':
      return '';
    case 'not_back':
      return reasonWords[verdict.reason];
    case 'gone':
      return 'disconnected, and not connected again';
  }
}
