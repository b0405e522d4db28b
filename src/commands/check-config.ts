import { prepareConnection } from './command-context.js';
import type { CommandContext } from './command-context.js';
import { exitCode } from './exit-code.js';
import type { ExitCode } from './exit-code.js';

/** `check-config`: says everything that is wrong with the configuration, and connects to nothing. */
export function checkConfig(context: CommandContext): ExitCode {
  const ready = prepareConnection(context);
  if (ready === null) return exitCode.usage;
  for (const warning of ready.warnings) context.stdout.write(`warning: ${warning}\n`);
  const names = ready.config.providers.map(({ name }) => name).join(', ');
  context.stdout.write(`the configuration is good; providers: ${names}\n`);
  return exitCode.fine;
}
