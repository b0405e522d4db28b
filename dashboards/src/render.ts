import { exporterHealth } from './exporter-health.js';
import { overview } from './overview.js';
import { tokenDetail } from './token-detail.js';

/** File name in dashboards/ → its content, named after its uid, ready to import into any Grafana. */
export function renderDashboards(): Map<string, string> {
  return new Map(
    [overview(), tokenDetail(), exporterHealth()].map((dashboard) => [
      `${String(dashboard.uid)}.json`,
      `${JSON.stringify(dashboard, null, 2)}\n`,
    ]),
  );
}

/** Names of files that differ from what the code renders, are missing, or that no code renders. */
export function driftedFiles(
  rendered: ReadonlyMap<string, string>,
  written: ReadonlyMap<string, string>,
): string[] {
  const names = new Set([...rendered.keys(), ...written.keys()]);
  return [...names].filter((name) => rendered.get(name) !== written.get(name)).sort();
}
