import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';

/** Writes a configuration file for one test, and answers with its path: for CONFIG_FILE. */
export async function writeConfigFile(yaml: string): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'oauth-token-exporter-test-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  const file = join(folder, 'config.yaml');
  await writeFile(file, yaml);
  return file;
}
