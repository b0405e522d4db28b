import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { runbookBase } from '../../dashboards/src/links.js';
import { driftedFiles, renderDashboards } from '../../dashboards/src/render.js';
import { describeWith } from '../support/describe-with.js';
import { runProgram } from '../support/process.js';
import { promtool } from '../support/prometheus.js';
import { headingAnchors, linkedAnchors } from './documents.js';
import {
  dashboardFiles,
  dashboards,
  panelQueries,
  panels,
  substituteVariables,
  type Panel,
} from './queries.js';

describe('generated dashboards', () => {
  it('are what their source renders', () => {
    expect(driftedFiles(renderDashboards(), dashboardFiles())).toEqual([]);
  });

  it('drift when a file is edited, missing, or left over', () => {
    const rendered = new Map([
      ['same.json', '1'],
      ['edited.json', '1'],
      ['missing.json', '1'],
    ]);
    const written = new Map([
      ['same.json', '1'],
      ['edited.json', '2'],
      ['left-over.json', '1'],
    ]);
    expect(driftedFiles(rendered, written)).toEqual([
      'edited.json',
      'left-over.json',
      'missing.json',
    ]);
  });

  it('are checked by `npm run dashboards:check`', async () => {
    const generate = fileURLToPath(new URL('../../dashboards/src/generate.ts', import.meta.url));
    const args = ['--import', 'tsx', generate, '--check'];
    const result = await runProgram(process.execPath, args);
    expect(result).toEqual({ code: 0, stdout: '', stderr: '' });
  });

  it('can be provisioned: nothing to fill in, an id of their own, their own datasource', () => {
    for (const text of dashboardFiles().values()) expect(text).not.toContain('__inputs');
    expect(
      dashboards()
        .map(({ uid }) => uid)
        .sort(),
    ).toEqual(['oauth-token-detail', 'oauth-token-exporter', 'oauth-tokens']);
    for (const { templating } of dashboards()) {
      expect(templating.list.map(({ name }) => name)).toEqual(
        expect.arrayContaining(['datasource', 'job', 'instance']),
      );
    }
  });

  it.each(dashboards().map((dashboard) => [dashboard.title, dashboard] as const))(
    '%s numbers its panels and lays them side by side',
    (_, dashboard) => {
      const ids = dashboard.panels.map(({ id }) => id);
      expect(new Set(ids).size).toBe(ids.length);
      expect(Math.min(...ids)).toBeGreaterThan(0);
      const cells = dashboard.panels.flatMap(cellsOf);
      expect(new Set(cells).size).toBe(cells.length);
      for (const { gridPos, title } of dashboard.panels) {
        expect(gridPos.x + gridPos.w, title).toBeLessThanOrEqual(24);
      }
    },
  );
});

function cellsOf({ gridPos: { x, y, w, h } }: Panel): string[] {
  return Array.from(
    { length: w * h },
    (_, cell) => `${x + (cell % w)}:${y + Math.floor(cell / w)}`,
  );
}

describe('every panel', () => {
  const titled = panels().map((panel) => [panel.title, panel] as const);

  it.each(titled)('%s says what it shows and what to do', (_, panel) => {
    expect(panel.description).toMatch(/^.+\.\n\n\*\*What to do:\*\* .+\.$/);
    const links = (panel.links ?? []).map(({ url }) => url.split('#'));
    expect(links).toHaveLength(1);
    expect(links[0]?.[0]).toBe(runbookBase);
    expect(headingAnchors('docs/runbook.md')).toContain(links[0]?.[1]);
  });

  it.each(titled)('%s has a unit, thresholds, and names for its series', (_, panel) => {
    expect(panel.fieldConfig?.defaults.unit).toBeTruthy();
    expect(panel.fieldConfig?.defaults.thresholds?.steps).not.toEqual([]);
    if (panel.type === 'timeseries') expect(panel.options?.legend?.showLegend).toBe(true);
    const named = panel.targets?.every(
      ({ legendFormat }) => ['table', 'barchart'].includes(panel.type) || Boolean(legendFormat),
    );
    expect(named).toBe(true);
  });

  it.each(titled)('%s reads from the datasource that the dashboard names', (_, panel) => {
    const sources = [panel, ...(panel.targets ?? [])].map(({ datasource }) => datasource?.uid);
    expect(new Set(sources)).toEqual(new Set(['${datasource}']));
    const refIds = panel.targets?.map(({ refId }) => refId);
    expect(new Set(refIds).size).toBe(refIds?.length);
  });
});

describe('the variables of a query', () => {
  it('are put in as they stand when the dashboard is opened', () => {
    expect(
      substituteVariables('rate(a{job=~"$job", provider=~"$provider"}[$__rate_interval])'),
    ).toBe('rate(a{job=~".*", provider=~".*"}[1m])');
  });

  it('are refused when nobody defines them', () => {
    expect(() => substituteVariables('a{b="$jobs"}')).toThrow('unknown variable');
  });
});

describeWith('prometheus', 'panel queries in promtool', () => {
  it('parse', async () => {
    const rules = panelQueries().map(({ expr }, index) => ({
      record: `panel:query:${index}`,
      expr,
    }));
    const folder = await mkdtemp(join(tmpdir(), 'panel-queries-'));
    const file = join(folder, 'queries.rules.yml');
    // JSON is YAML.
    await writeFile(file, JSON.stringify({ groups: [{ name: 'panels', rules }] }));
    const result = await promtool(['check', 'rules', file]);
    await rm(folder, { recursive: true });
    expect(result, result.stderr).toMatchObject({ code: 0 });
    expect(rules.length).toBeGreaterThan(20);
  });
});

describe('the runbook', () => {
  it('links to headings that exist', () => {
    expect(headingAnchors('docs/runbook.md')).toEqual(
      expect.arrayContaining(linkedAnchors('docs/runbook.md')),
    );
    expect(headingAnchors('docs/metrics.md')).toEqual(
      expect.arrayContaining(linkedAnchors('docs/metrics.md')),
    );
  });
});
