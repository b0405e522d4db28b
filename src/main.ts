#!/usr/bin/env node
import { readFileSync } from 'node:fs';
import { Command, CommanderError } from 'commander';
import { accountsOption } from './commands/accounts-option.js';
import type { CommandContext, CommandOutput } from './commands/command-context.js';
import { defineRemedies } from './commands/define-remedies.js';
import { defineNotify } from './commands/define-notify.js';
import { defineStatus } from './commands/define-status.js';
import { defineSync } from './commands/define-sync.js';
import { defineVerify } from './commands/define-verify.js';
import { exitCode } from './commands/exit-code.js';
import type { ExitCode } from './commands/exit-code.js';
import { osUser } from './commands/os-user.js';
import { addWatchCommands } from './commands/watch.js';
import type { AccountMode } from './notify/mask-account.js';
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

/** Each command loads its code when it is called: all of it takes half a second. */
function program(): Command {
  const commands = new Command('oauth-token-exporter')
    .description('Watches the OAuth tokens kept in a Postgres table.')
    .version(version)
    .exitOverride()
    .showHelpAfterError('(run with --help for the usage)');
  const add = (name: string, description: string) =>
    commands.command(name).description(description).allowExcessArguments(false).exitOverride();
  const onResult = (code: ExitCode): void => {
    result = code;
  };

  add('serve', 'poll the database and serve /metrics').action(async () => {
    const { serve } = await import('./commands/serve.js');
    result = await serve(context);
  });
  add('demo', 'the same on an embedded database with an invented incident').action(async () => {
    const { demo } = await import('./commands/demo.js');
    result = await demo(context);
  });
  add('start', 'serve where a database is configured, else demo').action(async () => {
    const { start } = await import('./commands/start.js');
    result = await start(context);
  });
  defineStatus(add, context, onResult);
  add('explain', 'say all about one token: what it is, when it is refreshed, what would help')
    .argument('<id>', 'token_id or user_id')
    .option('--json', 'print JSON', false)
    .addOption(accountsOption('how the account is shown'))
    .action(async (id: string, options: { json: boolean; accounts: AccountMode }) => {
      const { explain } = await import('./commands/explain.js');
      result = await explain(context, { ...options, id });
    });
  add('refresh', 'refresh tokens now, due or not, through the running exporter')
    .option('--token-id <id>', 'this token, even if its grant is dead')
    .option('--user-id <subject>', 'the tokens of this user, even if their grants are dead')
    .option('--due', 'every token whose time has come, also while it backs off', false)
    .option('--provider <name>', 'only this provider; alone, all its tokens')
    .option('--dry-run', 'list what would be refreshed, and why; touch nothing', false)
    .option('--here', 'in this process instead of the running exporter', false)
    .action(async (options: RefreshFlags) => {
      const { refresh } = await import('./commands/refresh.js');
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
  defineSync(add, context, onResult);
  defineRemedies(add, context, onResult);
  defineVerify(add, context, onResult);
  const journal = add('journal', 'see and free what the journals of refreshes hold');
  journal
    .command('list')
    .description('list the journals, when each was last seen, and what it holds claimed')
    .allowExcessArguments(false)
    .exitOverride()
    .action(async () => {
      const { journalList } = await import('./commands/journal.js');
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
      const { journalAbandon } = await import('./commands/journal.js');
      result = await journalAbandon(context, { journalId, yes, actor: as });
    });
  defineNotify(add, context, onResult);
  addWatchCommands(add('watch', 'prove over time that a fix has fixed it'), context, onResult);
  add('migrate', "bring the schema of the exporter's memory up to date")
    .option('--print', 'print the SQL instead, and connect to nothing', false)
    .action(async ({ print }: { print: boolean }) => {
      const { migrate } = await import('./commands/migrate.js');
      result = await migrate(context, print);
    });
  add('doctor', 'connect, say what can be seen, and what would help')
    .option('--json', 'print JSON', false)
    .action(async ({ json }: { json: boolean }) => {
      const { doctor } = await import('./commands/doctor.js');
      result = await doctor(context, json);
    });
  add('check-config', 'check the configuration without connecting').action(async () => {
    const { checkConfig } = await import('./commands/check-config.js');
    result = checkConfig(context);
  });
  return commands;
}

interface RefreshFlags {
  readonly tokenId?: string;
  readonly userId?: string;
  readonly due: boolean;
  readonly provider?: string;
  readonly dryRun: boolean;
  readonly here: boolean;
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
