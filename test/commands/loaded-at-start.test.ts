import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';

/** Names of the packages that a built module imports at once, and not when something is called. */
function packagesOf(module: URL, seen = new Set<string>()): Set<string> {
  const packages = new Set<string>();
  seen.add(module.href);
  for (const [, name = ''] of readFileSync(module, 'utf8').matchAll(/^import .*'(.+)';$/gm)) {
    if (!name.startsWith('.')) packages.add(name);
    const next = new URL(name, module);
    if (name.startsWith('.') && !seen.has(next.href)) {
      for (const each of packagesOf(next, seen)) packages.add(each);
    }
  }
  return packages;
}

const external = (path: string) =>
  [...packagesOf(new URL(`../../dist/${path}`, import.meta.url))]
    .filter((name) => !name.startsWith('node:'))
    .sort();

it('a command line is understood before the code of any command is loaded', () => {
  expect(external('main.js')).toEqual(['commander', 'ms']);
  expect(external('commands/serve.js')).toContain('express');
});
