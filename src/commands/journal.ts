import { abandonJournal, readClaimsOf, readJournals } from '../store/journals.js';
import type { KnownJournal } from '../store/journals.js';
import type { CommandContext } from './command-context.js';
import { exitCode } from './exit-code.js';
import type { ExitCode } from './exit-code.js';
import { formatDistance } from '../config/format-distance.js';
import { formatInstant } from '../config/format-instant.js';
import { giveUpLocalJournal } from './local-journal.js';
import { formatTable } from './table.js';
import { withMemory } from './with-memory.js';

/** `journal list`: who holds claims, and when each was last seen. */
export async function journalList(context: CommandContext): Promise<ExitCode> {
  return withMemory(context, async (state) => {
    const journals = await state.run(readJournals);
    if (journals.length === 0) {
      context.stdout.write('no journal was ever used with this memory\n');
      return exitCode.fine;
    }
    const header = ['journal', 'host', 'last seen', 'claims', 'oldest claim'];
    const rows = journals.map((journal) => [
      journal.journalId,
      journal.host ?? 'unknown',
      describeSeen(journal),
      String(journal.claims),
      formatInstant(journal.oldestClaimAt?.getTime() ?? null) ?? '',
    ]);
    context.stdout.write(`${formatTable(header, rows)}\n`);
    return exitCode.fine;
  });
}

export interface AbandonOptions {
  readonly journalId: string;
  readonly yes: boolean;
  /** Who does it, for the ledger. */
  readonly actor: string;
}

/** A journal seen within this time, or three polls, belongs to a living exporter. */
const livesMs = 120_000;

/** `journal abandon`: frees the claims of a journal that will never come back. */
export async function journalAbandon(
  context: CommandContext,
  { journalId, yes, actor }: AbandonOptions,
): Promise<ExitCode> {
  if (!/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(journalId)) {
    context.stderr.write('that is no id of a journal: journal list shows them\n');
    return exitCode.usage;
  }
  const id = journalId.toLowerCase();
  return withMemory(context, async (state, { config }) => {
    const journal = (await state.run(readJournals)).find((each) => each.journalId === id);
    if (journal === undefined) {
      context.stderr.write(`nothing is known of the journal ${id}: journal list shows all\n`);
      return exitCode.no;
    }
    const { unseenMs } = journal;
    if (unseenMs !== null && unseenMs < Math.max(livesMs, 3 * config.pollIntervalMs)) {
      context.stderr.write(
        `the journal ${id} was seen ${formatDistance(unseenMs)} ago on ${journal.host ?? 'some host'}: its exporter lives; stop it, and try again in a few minutes\n`,
      );
      return exitCode.no;
    }
    const claims = await state.run((query) => readClaimsOf(query, id));
    const rows = claims.map(({ provider, tokenId, claimedAt }) => [
      provider,
      tokenId,
      formatInstant(claimedAt?.getTime() ?? null) ?? '',
    ]);
    if (rows.length > 0) {
      context.stdout.write(`${formatTable(['provider', 'token_id', 'claimed at'], rows)}\n\n`);
    }
    context.stdout.write(
      `journal ${id} on ${journal.host ?? 'an unknown host'}, last seen ${describeSeen(journal)}: ${countClaims(claims.length)}\n` +
        'If it holds an answer that was never stored, that answer is lost: where the provider rotates refresh\n' +
        'tokens, that user must authorize again, and the next refresh may look like a replay. If its disk is\n' +
        'still there, start the exporter with it instead: it stores what it has.\n',
    );
    if (!yes) {
      context.stdout.write(`nothing was changed; to free them: journal abandon ${id} --yes\n`);
      return exitCode.fine;
    }
    const local = await giveUpLocalJournal(config.journal, id);
    if (!local.ok) {
      context.stderr.write(`${local.problem}\n`);
      return exitCode.no;
    }
    for (const copy of local.copies)
      context.stdout.write(`unreadable records are kept in ${copy}\n`);
    const freed = await state.run((query) => abandonJournal(query, id, actor));
    context.stdout.write(`freed ${countClaims(freed.length)}\n`);
    return exitCode.fine;
  });
}

function describeSeen({ unseenMs }: KnownJournal): string {
  return unseenMs === null ? 'never' : `${formatDistance(unseenMs)} ago`;
}

function countClaims(count: number): string {
  return count === 1 ? '1 claim' : `${String(count)} claims`;
}
