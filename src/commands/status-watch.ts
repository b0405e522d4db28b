import { setTimeout as delay } from 'node:timers/promises';
import type { TokenStatus } from '../assess/token-status.js';
import type { ProviderConfig } from '../config/config.js';
import { DatabaseError } from '../database/explain-database-error.js';
import type { DatabaseOf } from '../database/databases.js';
import type { AccountMode } from '../notify/mask-account.js';
import { listIncidents } from '../store/incident-list.js';
import type { ListedIncident } from '../store/incident-list.js';
import { prepareConnection } from './command-context.js';
import type { CommandContext } from './command-context.js';
import { exitCode } from './exit-code.js';
import type { ExitCode } from './exit-code.js';
import { listTokens } from './list-tokens.js';
import type { LiveTerminal } from './live-terminal.js';
import { selectProviders } from './select-providers.js';
import { withDatabases } from './state-database.js';
import type { StateDatabase } from './state-database.js';
import { statusScreen } from './status-screen.js';
import type { LiveStatus } from './status-screen.js';
import { statusRows } from './status.js';

interface WatchedStatus {
  readonly provider: string | null;
  readonly status: TokenStatus | null;
  readonly accounts: AccountMode;
}

const leastPauseMs = 2_000;
/** A table that takes long to read is read more seldom: at most a tenth of the time. */
const pausePerReading = 9;
const mostIncidents = 100;

/** `status --watch`: the tokens and the open incidents, drawn again and again until q. */
export async function statusWatch(
  context: CommandContext,
  options: WatchedStatus,
  terminal: LiveTerminal | null,
): Promise<ExitCode> {
  if (terminal === null) {
    context.stderr.write(
      '--watch fills a terminal, and this is none: leave it out, or use --json\n',
    );
    return exitCode.usage;
  }
  const ready = prepareConnection(context);
  if (ready === null) return exitCode.usage;
  const selected = selectProviders(ready.config.providers, options.provider);
  if ('problem' in selected) {
    context.stderr.write(`${selected.problem}\n`);
    return exitCode.usage;
  }
  const quit = new AbortController();
  const ended = AbortSignal.any([context.terminated, quit.signal]);
  let latest: LiveStatus = { nowMs: null, rows: [], incidents: null, problems: [] };
  const draw = (): void => {
    terminal.draw(statusScreen(latest, terminal.size(), context.stdout.colours));
  };
  try {
    terminal.open(() => {
      quit.abort();
    }, draw);
    draw();
    return await withDatabases(ready, ended, async (databases, state) => {
      while (!ended.aborted) {
        const beganAtMs = performance.now();
        latest = await readStatus(databases.of, state, selected.providers, options, latest);
        draw();
        const tookMs = performance.now() - beganAtMs;
        await delay(Math.max(leastPauseMs, pausePerReading * tookMs), undefined, { signal: ended });
      }
      return exitCode.fine;
    });
  } catch (error) {
    if (quit.signal.aborted) return exitCode.fine;
    throw error;
  } finally {
    terminal.close();
  }
}

/** What is there now; where it can't be read, what was there before and why. */
async function readStatus(
  databaseOf: DatabaseOf,
  state: StateDatabase,
  providers: readonly ProviderConfig[],
  { status, accounts }: WatchedStatus,
  before: LiveStatus,
): Promise<LiveStatus> {
  try {
    const listing = await listTokens(databaseOf, providers);
    return {
      nowMs: listing.now.getTime(),
      rows: statusRows(listing, accounts).filter((row) => status === null || row.status === status),
      incidents: await readOpenIncidents(state),
      problems: listing.providers.flatMap(({ provider, tokens }) =>
        tokens.known ? [] : [`${provider.name}: ${tokens.reason}; ${tokens.remedy}`],
      ),
    };
  } catch (error) {
    if (!(error instanceof DatabaseError)) throw error;
    return { ...before, problems: [error.message] };
  }
}

async function readOpenIncidents(state: StateDatabase): Promise<readonly ListedIncident[] | null> {
  try {
    return await state.run((query) => listIncidents(query, { sinceMs: 0, limit: mostIncidents }));
  } catch (error) {
    if (error instanceof DatabaseError) return null;
    throw error;
  }
}
