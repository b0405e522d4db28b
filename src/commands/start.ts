import type { CommandContext } from './command-context.js';
import { demo } from './demo.js';
import type { ExitCode } from './exit-code.js';
import { serve } from './serve.js';

const realDatabase = ['DATABASE_URL', 'DATABASE_URL_FILE', 'CONFIG_FILE'];

/** `start`: `serve` where a database is configured, else `demo`. */
export async function start(context: CommandContext): Promise<ExitCode> {
  const configured = realDatabase.some((name) => (context.env[name] ?? '') !== '');
  return configured ? serve(context) : demo(context);
}
