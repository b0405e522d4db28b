import { DatabaseError } from '../database/explain-database-error.js';
import { showAccount } from '../notify/mask-account.js';
import type { AccountMode } from '../notify/mask-account.js';
import { configurationFingerprint } from '../refresh/configuration-fingerprint.js';
import { parseProviderHealth } from '../refresh/parse-provider-health.js';
import type { Explanation, TokenSurroundings } from '../remedy/explain-token.js';
import { explainGoneToken, explainToken } from '../remedy/explain-token.js';
import { readTokenSurroundings } from '../remedy/read-token-surroundings.js';
import { prepareConnection } from './command-context.js';
import type { CommandContext } from './command-context.js';
import { exitCode } from './exit-code.js';
import type { ExitCode } from './exit-code.js';
import { formatExplanation } from './format-explanation.js';
import { printable } from './printable.js';
import { missesMemory, withDatabases } from './state-database.js';
import type { StateDatabase } from './state-database.js';
import { readTokenFacts } from './token-facts.js';
import { describeUnread } from './unread-provider.js';

const ledgerLines = 10;

export interface ExplainOptions {
  /** Of a token or a user. */
  readonly id: string;
  readonly json: boolean;
  readonly accounts: AccountMode;
}

/** `explain`: what a token is, when it is refreshed and why, what happened to it, what would help. */
export async function explain(
  context: CommandContext,
  { id, json, accounts }: ExplainOptions,
): Promise<ExitCode> {
  const ready = prepareConnection(context);
  if (ready === null) return exitCode.usage;
  const { providers, pollIntervalMs } = ready.config;
  try {
    return await withDatabases(ready, context.terminated, async (databases, state) => {
      const reading = await readTokenFacts(databases.of, state, providers, pollIntervalMs);
      const explanations: Explanation[] = [];
      for (const facts of reading.tokens) {
        if (facts.row.id !== id && facts.row.subject !== id) continue;
        const around = await readSurroundings(state, facts.provider.name, facts.row.id);
        const fingerprint =
          facts.provider.refresh === null ? '' : configurationFingerprint(facts.provider.refresh);
        const shown = { ...facts, account: showAccount(facts.account, accounts) };
        explanations.push(explainToken(shown, around, fingerprint, reading));
      }
      for (const { provider, memory } of reading.gone) {
        if (memory.tokenId !== id) continue;
        const { ledger } = await readSurroundings(state, provider.name, memory.tokenId);
        explanations.push(explainGoneToken(provider.name, memory, ledger));
      }
      context.stdout.write(
        json
          ? `${JSON.stringify(explanations, null, 2)}\n`
          : explanations.map(formatExplanation).join('\n'),
      );
      for (const each of reading.unread)
        context.stderr.write(`${printable(describeUnread(each))}\n`);
      if (explanations.length > 0) return exitCode.fine;
      context.stderr.write(`no token and no user has the id ${printable(id)}\n`);
      return reading.unread.length > 0 ? exitCode.unknown : exitCode.no;
    });
  } catch (error) {
    if (!(error instanceof DatabaseError)) throw error;
    context.stderr.write(`${error.message}\n`);
    return exitCode.unknown;
  }
}

async function readSurroundings(
  state: StateDatabase,
  provider: string,
  tokenId: string,
): Promise<TokenSurroundings> {
  try {
    return await state.run((query) => readTokenSurroundings(query, provider, tokenId, ledgerLines));
  } catch (error) {
    if (missesMemory(error) === null) throw error;
    return {
      ledger: [],
      health: parseProviderHealth({}),
      callNotBeforeMs: null,
      journals: [],
    };
  }
}
