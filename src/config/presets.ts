import { readdirSync, readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { parse } from 'yaml';

/** The same folder from `src/config` and from `dist/config`: presets are data and are not compiled. */
const folder = new URL('../../src/config/presets/', import.meta.url);

/** The names that `preset:` accepts. */
export function presetNames(): string[] {
  return readdirSync(folder)
    .filter((file) => file.endsWith('.yaml'))
    .map((file) => basename(file, '.yaml'))
    .sort();
}

/** The mapping of a preset as its file writes it; `name` is one of `presetNames()`. */
export function readPreset(name: string): Record<string, unknown> {
  return parse(readFileSync(new URL(`${name}.yaml`, folder), 'utf8')) as Record<string, unknown>;
}
