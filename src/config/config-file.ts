import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import type { ConfigProblem } from './problem.js';
import { isMap, type RawMap } from './raw-map.js';
import { readTextFile } from './text-file.js';
import { parseYamlFile } from './yaml-file.js';

/** What the YAML file says; nothing when there is none, or when `problems` say why it is unusable. */
export interface ConfigFile {
  readonly content: RawMap;
  readonly problems: readonly ConfigProblem[];
}

const defaultName = 'oauth-token-exporter.yaml';

/** Reads the file that CONFIG_FILE names, or else `oauth-token-exporter.yaml` in `cwd`, if any. */
export function readConfigFile(configFile: string | undefined, cwd: string): ConfigFile {
  if (configFile === undefined && !existsSync(resolve(cwd, defaultName))) {
    return { content: {}, problems: [] };
  }
  const name = configFile ?? defaultName;
  const file = readTextFile(name, cwd);
  if (!file.ok) return unusable(configFile === undefined ? name : 'CONFIG_FILE', [file.message]);
  const yaml = parseYamlFile(file.text);
  if (!yaml.ok) return unusable(name, yaml.messages);
  if (yaml.content === null) return unusable(name, ['is empty: without it, the defaults apply']);
  if (!isMap(yaml.content)) return unusable(name, ['must be a map of keys, such as providers:']);
  return { content: yaml.content, problems: [] };
}

function unusable(path: string, messages: readonly string[]): ConfigFile {
  return { content: {}, problems: messages.map((message) => ({ path, message })) };
}
