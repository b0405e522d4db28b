import { cp, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { pathOf, readText } from './files.js';

export type Substitution = readonly [from: string | RegExp, to: string];

/** Replaces every occurrence; throws when there is none, so that no test runs on less than it thinks. */
export function substitute(text: string, substitutions: readonly Substitution[]): string {
  return substitutions.reduce((before, [from, to]) => {
    const after = before.replaceAll(from, to);
    if (after === before) throw new Error(`nothing matches ${String(from)}`);
    return after;
  }, text);
}

/** A folder for one test with a copy of alerts/ in it, as the shipped configurations expect beside them. */
export async function folderWithAlerts(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'shipped-config-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  await cp(pathOf('alerts'), join(folder, 'alerts'), { recursive: true });
  return folder;
}

/** Writes a changed copy of a shipped file under its own name, and answers with its path. */
export async function writeShipped(
  folder: string,
  name: string,
  substitutions: readonly Substitution[],
): Promise<string> {
  const file = join(folder, name);
  await writeFile(file, substitute(readText(name), substitutions));
  return file;
}

/**
 * The shipped alertmanager.yml, only that it waits for nothing and reads the webhook's address from
 * a file of this test.
 */
export async function writeQuickAlertmanager(folder: string, webhook: string): Promise<string> {
  const secret = join(folder, 'slack-webhook-url');
  await writeFile(secret, `${webhook}\n`);
  return writeShipped(folder, 'alertmanager.yml', [
    ['/run/secrets/slack-webhook-url', secret],
    ['group_wait: 30s', 'group_wait: 200ms'],
    ['group_interval: 5m', 'group_interval: 1s'],
  ]);
}
