#!/usr/bin/env node
import { readFileSync } from 'node:fs';
import { Command, CommanderError, InvalidArgumentError, Option } from 'commander';
import { tokenStatuses } from './assess/token-status.js';
import type { TokenStatus } from './assess/token-status.js';
import { checkConfig } from './commands/check-config.js';
import type { CommandContext, CommandOutput } from './commands/command-context.js';
import { deactivate } from './commands/deactivate.js';
import { demo } from './commands/demo.js';
import { doctor } from './commands/doctor.js';
import { exitCode } from './commands/exit-code.js';
import type { ExitCode } from './commands/exit-code.js';
import { explain } from './commands/explain.js';
import { journalAbandon, journalList } from './commands/journal.js';
import { migrate } from './commands/migrate.js';
import { osUser } from './commands/os-user.js';
import { accountModes } from './commands/mask-account.js';
import type { AccountMode } from './commands/mask-account.js';
import { reactivate } from './commands/reactivate.js';
import { reconnect } from './commands/reconnect.js';
import { reconnectNotify } from './commands/reconnect-notify.js';
import { reconnectVerify } from './commands/reconnect-verify.js';
import { refresh } from './commands/refresh.js';
import { serve } from './commands/serve.js';
import { start } from './commands/start.js';
import { status } from './commands/status.js';
import type { ReactivateSelector } from './remedy/reactivate-choice.js';
import { requestPatienceMs } from './store/refresh-requests.js';

const { version } = JSON.parse(
  readFileSync(new URL('../package.json', import.meta.url), 'utf8'),
) as { version: string };

const terminated = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  // The first one ends in good order; should that take too long, a second one ends at once.
  process.on(signal, () => {
    if (terminated.signal.aborted) process.exit(exitCode.unknown);
    terminated.abort();
  });
}

for (const stream of [process.stdout, process.stderr]) {
  // `status | head` closes the pipe early, which is no fault.
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
  });
}

const context: CommandContext = {
  env: process.env,
  cwd: process.cwd(),
  version,
  stdout: output(process.stdout),
  stderr: output(process.stderr),
  terminated: terminated.signal,
};

let result: ExitCode = exitCode.fine;
try {
  await program().parseAsync();
} catch (error) {
  if (error instanceof CommanderError) {
    result = error.exitCode === 0 ? exitCode.fine : exitCode.usage;
  } else {
    const text = error instanceof Error ? error.message : String(error);
    process.stderr.write(`oauth-token-exporter: ${text}\n`);
    result = exitCode.unknown;
  }
}
await Promise.all([process.stdout, process.stderr].map(flushed));
process.exit(result);

function program(): Command {
  const commands = new Command('oauth-token-exporter')
    .description('Watches the OAuth tokens kept in a Postgres table.')
    .version(version)
    .exitOverride()
    .showHelpAfterError('(run with --help for the usage)');
  const add = (name: string, description: string) =>
    commands.command(name).description(description).allowExcessArguments(false).exitOverride();

  const remedy = (name: string, description: string) =>
    add(name, description)
      .option('--provider <name>', 'only this provider')
      .option('--yes', 'do it; without it, only show what would be done', false)
      .option('--as <name>', 'who does it, for the ledger', osUser())
      .option('--reason <text>', 'why, for the ledger')
      .option('--json', 'print JSON', false)
      .addOption(accountsOption());

  add('serve', 'poll the database and serve /metrics').action(async () => {
    result = await serve(context);
  });
  add('demo', 'the same on an embedded database with an invented incident').action(async () => {
    result = await demo(context);
  });
  add('start', 'serve where a database is configured, else demo').action(async () => {
    result = await start(context);
  });
  add('status', 'list every token: who is EXPIRED, EXPIRING SOON, VALID')
    .option('--json', 'print JSON', false)
    .option('--provider <name>', 'only this provider')
    .addOption(statusOption('--status <status>', 'only tokens with this status'))
    .addOption(statusOption('--fail-on <status>', 'exit 1 when a listed token has this status'))
    .action(async (options: StatusFlags) => {
      result = await status(context, {
        json: options.json,
        provider: options.provider ?? null,
        status: options.status ?? null,
        failOn: options.failOn ?? null,
      });
    });
  add('explain', 'say all about one token: what it is, when it is refreshed, what would help')
    .argument('<id>', 'token_id or user_id')
    .option('--json', 'print JSON', false)
    .action(async (id: string, { json }: { json: boolean }) => {
      result = await explain(context, { id, json });
    });
  add('refresh', 'refresh tokens now, due or not, through the running exporter')
    .option('--token-id <id>', 'this token, even if its grant is dead')
    .option('--user-id <subject>', 'the tokens of this user, even if their grants are dead')
    .option('--due', 'every token whose time has come, also while it backs off', false)
    .option('--provider <name>', 'only this provider; alone, all its tokens')
    .option('--dry-run', 'list what would be refreshed, and why; touch nothing', false)
    .option('--here', 'in this process instead of the running exporter', false)
    .action(async (options: RefreshFlags) => {
      result = await refresh(context, {
        tokenId: options.tokenId ?? null,
        userId: options.userId ?? null,
        due: options.due,
        provider: options.provider ?? null,
        dryRun: options.dryRun,
        here: options.here,
        patienceMs: requestPatienceMs,
      });
    });
  remedy('reconnect', 'list who must authorize again, why, and since when; or write to them')
    .option('--all-expired', 'also whoever is merely expired or inactive', false)
    .addOption(
      new Option('--csv', 'print CSV').default(false).conflicts(['json', 'notify', 'verify']),
    )
    .addOption(new Option('--notify', 'write to each of them once').default(false))
    .option('--force', 'also to whoever was written to within 7 days', false)
    .addOption(new Option('--verify', 'who came back').default(false).conflicts('notify'))
    .addOption(instantOption('--since <instant>', 'with --verify: since then, not since the mail'))
    .action(async ({ provider, csv, as, reason, ...options }: ReconnectFlags) => {
      const common = { ...options, provider: provider ?? null };
      const format = options.json ? 'json' : csv ? 'csv' : 'table';
      if (options.notify) {
        const order = { actor: as, reason: reason ?? null };
        result = await reconnectNotify(context, { ...common, ...order });
      } else if (options.verify) {
        result = await reconnectVerify(context, { ...common, since: options.since ?? null });
      } else {
        result = await reconnect(context, { ...common, format });
      }
    });
  remedy('deactivate', 'switch off the rows of dead grants, all or none')
    .requiredOption('--expired', 'those whose access token has expired')
    .option('--force', 'also rows that are not proven dead', false)
    .option('--here', 'refresh in this process instead of the running exporter', false)
    .action(async (options: SwitchFlags) => {
      result = await deactivate(context, { ...options, ...switchMeans(options) });
    });
  remedy('reactivate', 'switch rows on again, once a refresh has proven their grants')
    .option('--token-id <id>', 'this row')
    .option('--user-id <subject>', 'the rows of this user')
    .option('--falsely-deactivated', 'every row that is inactive although its token is valid')
    .option('--undo', 'what deactivate switched off, by the ledger')
    .option('--force', 'without proving the grant', false)
    .option('--here', 'refresh in this process instead of the running exporter', false)
    .action(async (options: ReactivateFlags) => {
      const selector = reactivateSelector(options);
      result = await reactivate(context, { ...options, ...switchMeans(options), selector });
    });
  const journal = add('journal', 'see and free what the journals of refreshes hold');
  journal
    .command('list')
    .description('list the journals, when each was last seen, and what it holds claimed')
    .allowExcessArguments(false)
    .exitOverride()
    .action(async () => {
      result = await journalList(context);
    });
  journal
    .command('abandon')
    .description('free what a journal that will never come back holds claimed')
    .argument('<id>', 'id of the journal, as list shows it')
    .option('--yes', 'do it; without it, only show what would be freed', false)
    .option('--as <name>', 'who does it, for the ledger', osUser())
    .allowExcessArguments(false)
    .exitOverride()
    .action(async (journalId: string, { yes, as }: { yes: boolean; as: string }) => {
      result = await journalAbandon(context, { journalId, yes, actor: as });
    });
  add('migrate', "bring the schema of the exporter's memory up to date")
    .option('--print', 'print the SQL instead, and connect to nothing', false)
    .action(async ({ print }: { print: boolean }) => {
      result = await migrate(context, print);
    });
  add('doctor', 'connect, say what can be seen, and what would help')
    .option('--json', 'print JSON', false)
    .action(async ({ json }: { json: boolean }) => {
      result = await doctor(context, json);
    });
  add('check-config', 'check the configuration without connecting').action(() => {
    result = checkConfig(context);
  });
  return commands;
}

interface ReconnectFlags extends RemedyFlags {
  readonly allExpired: boolean;
  readonly csv: boolean;
  readonly notify: boolean;
  readonly force: boolean;
  readonly verify: boolean;
  readonly since?: Date;
}

interface RemedyFlags {
  readonly provider?: string;
  readonly yes: boolean;
  readonly as: string;
  readonly reason?: string;
  readonly json: boolean;
  readonly accounts: AccountMode;
}

interface SwitchFlags extends RemedyFlags {
  readonly force: boolean;
  readonly here: boolean;
}

function switchMeans({ provider, reason, as }: SwitchFlags) {
  return {
    provider: provider ?? null,
    reason: reason ?? null,
    actor: as,
    patienceMs: requestPatienceMs,
  };
}

interface ReactivateFlags extends SwitchFlags {
  readonly tokenId?: string;
  readonly userId?: string;
  readonly falselyDeactivated?: boolean;
  readonly undo?: boolean;
}

function reactivateSelector(flags: ReactivateFlags): ReactivateSelector | null {
  const { tokenId, userId, falselyDeactivated = false, undo = false } = flags;
  const wanted: ReactivateSelector[] = [];
  if (tokenId !== undefined) wanted.push({ kind: 'token', id: tokenId });
  if (userId !== undefined) wanted.push({ kind: 'user', subject: userId });
  if (falselyDeactivated) wanted.push({ kind: 'falsely_deactivated' });
  if (undo) wanted.push({ kind: 'undo' });
  return wanted.length === 1 ? (wanted[0] ?? null) : null;
}

interface RefreshFlags {
  readonly tokenId?: string;
  readonly userId?: string;
  readonly due: boolean;
  readonly provider?: string;
  readonly dryRun: boolean;
  readonly here: boolean;
}

interface StatusFlags {
  readonly json: boolean;
  readonly provider?: string;
  readonly status?: TokenStatus;
  readonly failOn?: TokenStatus;
}

/** `2025-11-29T00:54:00Z`. */
function instantOption(flags: string, description: string): Option {
  return new Option(flags, description).argParser((text) => {
    const instant = new Date(/^\d{4}-\d\d-\d\d/.test(text) ? text : Number.NaN);
    if (!Number.isNaN(instant.getTime())) return instant;
    throw new InvalidArgumentError('Write it as 2025-11-29 or 2025-11-29T00:54:00Z.');
  });
}

function accountsOption(): Option {
  return new Option('--accounts <how>', 'how accounts and addresses are shown')
    .choices(accountModes)
    .default('masked');
}

/** `expiring-soon`, `EXPIRING SOON` and `expiring_soon` are the same to a person. */
function statusOption(flags: string, description: string): Option {
  return new Option(flags, `${description} (${tokenStatuses.join(', ')})`).argParser((value) => {
    const wanted = value.trim().toLowerCase().replaceAll(/[- ]/g, '_');
    const found = tokenStatuses.find((each) => each === wanted);
    if (found === undefined) {
      throw new InvalidArgumentError(`Expected one of: ${tokenStatuses.join(', ')}.`);
    }
    return found;
  });
}

/** What standard output and error are: a terminal or not. */
type Stream = NodeJS.WritableStream & {
  readonly isTTY?: boolean;
  readonly hasColors?: () => boolean;
};

function output(stream: Stream): CommandOutput {
  return {
    isTTY: stream.isTTY === true,
    colours: hasColours(stream),
    write: (text) => {
      stream.write(text);
    },
  };
}

/** What people say in NO_COLOR and FORCE_COLOR, else what the terminal can show, if it is one. */
function hasColours(stream: Stream): boolean {
  const { NO_COLOR = '', FORCE_COLOR = '' } = process.env;
  if (NO_COLOR !== '') return false;
  if (FORCE_COLOR !== '') return FORCE_COLOR !== '0';
  return stream.hasColors?.() === true;
}

/** Waits for what a pipe has not taken yet, which `process.exit` would throw away. */
function flushed(stream: NodeJS.WriteStream): Promise<void> {
  return new Promise((resolve) => {
    stream.write('', () => {
      resolve();
    });
  });
}
