import { once } from 'node:events';
import { startApp } from '../app.js';
import type { App, AppFacts } from '../app.js';
import type { ListenAddress } from '../config/config.js';
import type { ConnectionPlans } from '../database/plan-connections.js';
import { createLog } from '../log.js';
import { prepareConnection } from './command-context.js';
import type { CommandContext } from './command-context.js';
import { exitCode } from './exit-code.js';
import type { ExitCode } from './exit-code.js';

/** `serve`: polls and serves until the process is asked to end. */
export async function serve(context: CommandContext): Promise<ExitCode> {
  return runApp(context, { version: context.version, demo: false }, () => undefined);
}

/** Runs the exporter until the process is asked to end; `onStarted` hears where it listens. */
export async function runApp(
  context: CommandContext,
  facts: AppFacts,
  onStarted: (app: App) => void,
): Promise<ExitCode> {
  const ready = prepareConnection(context);
  if (ready === null) return exitCode.usage;
  const { config, connections } = ready;
  const log = createLog(config.logLevel, context.stderr.isTTY);
  // Of the demo's own configuration nobody needs to be warned.
  if (!facts.demo) for (const warning of ready.warnings) log.warn(warning);

  let app: App;
  try {
    app = await startApp(config, connections, facts, log);
  } catch (error) {
    context.stderr.write(`${explainListenError(error, config.listen)}\n`);
    return exitCode.usage;
  }
  if (!facts.demo) {
    log.info('listening', { url: app.url, database: hostsOf(connections), ...facts });
  }
  onStarted(app);
  if (!context.terminated.aborted) await once(context.terminated, 'abort');
  await app.stop();
  log.info('stopped');
  return exitCode.fine;
}

/** The hosts of the databases, each once. */
function hostsOf({ databases }: ConnectionPlans): string {
  return [...new Set([...databases.values()].map(({ target }) => target.host))].join(', ');
}

const listenErrors: Readonly<Record<string, string>> = {
  EADDRINUSE: 'is taken, perhaps by another exporter; set LISTEN_ADDRESS to another port',
  EADDRNOTAVAIL: 'is no address of this machine; set LISTEN_ADDRESS to one that is',
  ENOTFOUND: 'is no address of this machine; set LISTEN_ADDRESS to one that is',
  EAI_AGAIN: 'is no address of this machine; set LISTEN_ADDRESS to one that is',
  EAFNOSUPPORT: 'is no address of this machine; set LISTEN_ADDRESS to one that is',
  EACCES: 'is not for this user to listen on; set LISTEN_ADDRESS to a port above 1023',
};

function explainListenError(error: unknown, { host, port }: ListenAddress): string {
  const explanation = listenErrors[(error as NodeJS.ErrnoException).code ?? ''];
  if (explanation === undefined) throw error;
  return `${host.includes(':') ? `[${host}]` : host}:${String(port)} ${explanation}`;
}
