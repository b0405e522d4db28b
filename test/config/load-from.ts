import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadConfig, type LoadedConfig } from '../../src/config/load.js';

/** Loads the configuration from `files` in a working directory of their own, deleted afterwards. */
export function loadFrom(
  files: Readonly<Record<string, string>>,
  env: NodeJS.ProcessEnv,
): LoadedConfig {
  const cwd = mkdtempSync(join(tmpdir(), 'config-'));
  try {
    for (const [name, text] of Object.entries(files)) writeFileSync(join(cwd, name), text);
    return loadConfig(env, cwd);
  } finally {
    rmSync(cwd, { recursive: true });
  }
}

/** An environment that is complete. */
export const complete = { DATABASE_URL: 'postgresql://reader@localhost/app' };

/** Loads a YAML file in an environment that is otherwise complete. */
export function loadYaml(yaml: string, env: NodeJS.ProcessEnv = {}): LoadedConfig {
  return loadFrom({ 'oauth-token-exporter.yaml': yaml }, { ...complete, ...env });
}
