import { oauthTokens } from './oauth-tokens.js';

/** File name in dashboards/ → its content, ready to import into any Grafana. */
export function renderDashboards(): Map<string, string> {
  return new Map([['oauth-tokens.json', `${JSON.stringify(oauthTokens(), null, 2)}\n`]]);
}

/** Names of files that differ from what the code renders, are missing, or that no code renders. */
export function driftedFiles(
  rendered: ReadonlyMap<string, string>,
  written: ReadonlyMap<string, string>,
): string[] {
  const names = new Set([...rendered.keys(), ...written.keys()]);
  return [...names].filter((name) => rendered.get(name) !== written.get(name)).sort();
}
