import { readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { driftedFiles, renderDashboards } from './render.js';

const folder = new URL('../', import.meta.url);

function readWritten(): Map<string, string> {
  const names = readdirSync(folder).filter((name) => name.endsWith('.json'));
  return new Map(names.map((name) => [name, readFileSync(new URL(name, folder), 'utf8')]));
}

const rendered = renderDashboards();
if (process.argv.includes('--check')) {
  const drifted = driftedFiles(rendered, readWritten());
  for (const name of drifted) {
    console.error(
      `dashboards/${name} is not what dashboards/src renders: run "npm run dashboards"`,
    );
  }
  process.exitCode = drifted.length > 0 ? 1 : 0;
} else {
  for (const [name, content] of rendered) {
    writeFileSync(new URL(name, folder), content);
    console.log(fileURLToPath(new URL(name, folder)));
  }
}
