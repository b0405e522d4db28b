import type { CommandContext } from './command-context.js';
import type { ExitCode } from './exit-code.js';

const realDatabase = ['DATABASE_URL', 'DATABASE_URL_FILE', 'CONFIG_FILE'];

/** `start`: `serve` where a database is configured, else `demo`. */
export async function start(context: CommandContext): Promise<ExitCode> {
  if (realDatabase.some((name) => (context.env[name] ?? '') !== '')) {
    const { serve } = await import('./serve.js');
    return serve(context);
  }
  const { demo } = await import('./demo.js');
  return demo(context);
}
