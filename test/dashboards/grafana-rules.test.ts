import { describe, expect, it } from 'vitest';
import { documentedMetrics } from './documents.js';
import { dashboards, type Dashboard, type Panel } from './queries.js';

/**
 * The rules that Grafana Labs checks dashboards by (dashboard-linter), as far as they apply to a
 * dashboard of Prometheus queries, and one of ours: no label that the metrics do not have.
 */
const each = dashboards().map((dashboard) => [dashboard.title, dashboard] as const);

const drawn = ({ panels }: Dashboard) => panels.filter(({ type }) => type !== 'row');
const queriesOf = (panel: Panel) =>
  (panel.targets ?? []).map(({ expr, legendFormat }) => ({ expr, legendFormat }));

/** Each selector of a query: the metric and what stands between its braces. */
function selectorsIn(expr: string): { metric: string; matchers: string }[] {
  return [...expr.matchAll(/([a-zA-Z_:][\w:]*)\{([^}]*)\}/g)].map(
    ([, metric = '', matchers = '']) => ({ metric, matchers }),
  );
}

describe.each(each)('%s', (_, dashboard) => {
  it('has a datasource variable that its others read from', () => {
    const [first, ...others] = dashboard.templating.list;
    expect(first).toMatchObject({ name: 'datasource', type: 'datasource', query: 'prometheus' });
    for (const variable of others) {
      expect(variable).toMatchObject({
        datasource: { uid: '${datasource}' },
        multi: true,
        includeAll: true,
        allValue: '.*',
        // Evaluated again when the time range changes.
        refresh: 2,
      });
    }
  });

  it('uses every variable that it has', () => {
    const text = JSON.stringify(drawn(dashboard));
    for (const { name } of dashboard.templating.list) {
      expect(text, name).toMatch(new RegExp(`\\$\\{?${name}\\b`));
    }
  });

  it('has no panel without a title, a description or a query', () => {
    for (const panel of drawn(dashboard)) {
      expect(panel.title).toBeTruthy();
      expect(panel.description).toBeTruthy();
      expect(queriesOf(panel)).not.toEqual([]);
    }
  });

  it('never gives two panels one title', () => {
    const titles = drawn(dashboard).map(({ title }) => title);
    expect(new Set(titles).size).toBe(titles.length);
  });

  it('selects by job and instance wherever it reads what the exporter exports', () => {
    for (const { expr } of drawn(dashboard).flatMap(queriesOf)) {
      for (const { metric, matchers } of selectorsIn(expr)) {
        if (metric.startsWith('ALERTS')) continue;
        expect(matchers, expr).toContain('job=~"$job"');
        expect(matchers, expr).toContain('instance=~"$instance"');
      }
    }
  });

  it('reads counters by their growth, over a range that follows the zoom', () => {
    for (const { expr } of drawn(dashboard).flatMap(queriesOf)) {
      const counters = selectorsIn(expr).filter(({ metric }) => metric.endsWith('_total'));
      const growths = [...expr.matchAll(/\b(?:rate|increase)\([a-z_]+\{[^}]*\}\[([^\]]+)\]\)/g)];
      expect(growths.length, expr).toBeGreaterThanOrEqual(counters.length);
      for (const [, range] of growths) {
        // A day is what the panel's words say.
        expect(['$__rate_interval', '1d'], expr).toContain(range);
      }
    }
  });

  it('names no label that the metrics of the query do not have', () => {
    const labelsOf = new Map(documentedMetrics().map(({ name, labels }) => [name, labels]));
    for (const { expr, legendFormat } of drawn(dashboard).flatMap(queriesOf)) {
      if (expr.includes('ALERTS')) continue;
      const known = new Set(['job', 'instance', 'le']);
      for (const { metric } of selectorsIn(expr)) {
        const name = metric.replace(/(_seconds)_(bucket|sum|count)$/, '$1');
        for (const label of labelsOf.get(name) ?? []) known.add(label);
      }
      const grouped = [...expr.matchAll(/\bby \(([^)]*)\)/g)].flatMap(([, list = '']) =>
        list.split(',').map((label) => label.trim()),
      );
      const matched = selectorsIn(expr).flatMap(({ matchers }) =>
        [...matchers.matchAll(/(\w+)(?:=~|!~|!=|=)"/g)].map(([, label = '']) => label),
      );
      const shown = [...(legendFormat ?? '').matchAll(/\{\{(\w+)\}\}/g)].map(
        ([, label = '']) => label,
      );
      expect([...known], expr).toEqual(expect.arrayContaining([...grouped, ...matched, ...shown]));
    }
  });

  it('leads to the other dashboards, and back', () => {
    expect(dashboard.tags).toContain('oauth-token-exporter');
    expect(dashboard.links).toContainEqual(
      expect.objectContaining({ type: 'dashboards', tags: ['oauth-token-exporter'] }),
    );
  });
});
