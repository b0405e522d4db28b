import { describe, expect, it } from 'vitest';
import { exitCode } from '../../src/commands/exit-code.js';
import { runCli } from '../support/process.js';
import { readDocument, section, tables } from './markdown.js';

const [commandTable = [], exitCodeTable = []] = tables(
  section(readDocument('README.md').text, '## Command line'),
);

function backticked(cell = ''): string[] {
  return [...cell.matchAll(/`([^`]+)`/g)].map(([, code = '']) => code);
}

/** The first words of the lines under a title of a help text: commands or options with arguments. */
function listed(help: string, title: string): string[] {
  const [, list = ''] = help.split(`\n${title}:\n`);
  const [block = ''] = list.split('\n\n');
  return [...block.matchAll(/^ {2}(\S.*?)(?: {2,}.*)?$/gm)].map(([, entry = '']) => entry);
}

/** The commands, with those that they have themselves in their place: `journal list`. */
async function commandsUnder(path: readonly string[]): Promise<string[]> {
  const { stdout } = await runCli([...path, '--help']);
  const names = listed(stdout, 'Commands')
    .map((entry) => entry.split(' ')[0] ?? '')
    .filter((name) => name !== 'help');
  if (names.length === 0) return [path.join(' ')];
  return (await Promise.all(names.map((name) => commandsUnder([...path, name])))).flat();
}

describe('the README on the command line', () => {
  it('lists the commands that there are, each with its options', async () => {
    const commands = await commandsUnder([]);
    const options = await Promise.all(
      commands.map(async (command) => {
        const help = await runCli([...command.split(' '), '--help']);
        return listed(help.stdout, 'Options').filter((option) => !option.startsWith('-h,'));
      }),
    );
    expect(
      commandTable.slice(1).map(([command, flags]) => [backticked(command), backticked(flags)]),
    ).toEqual(commands.map((command, index) => [[command], options[index]]));
  }, 120_000);

  it('explains every exit code', () => {
    const explained = exitCodeTable.slice(1).map(([code]) => Number(code));
    expect(explained).toEqual(Object.values(exitCode).sort());
    const used = commandTable.slice(1).flatMap(([, , , codes = '']) => codes.split(', '));
    expect([...new Set(used.map(Number))].sort()).toEqual(explained);
  });
});
