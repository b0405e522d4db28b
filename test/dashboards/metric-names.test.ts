import { describe, expect, it } from 'vitest';
import { alertRules } from '../alerts/rule-files.js';
import { documentedMetrics } from './documents.js';
import { panelQueries } from './queries.js';

/** The exporter's metrics in a query; the series of a histogram count as the histogram. */
function metricsIn(expr: string): string[] {
  const names = expr.match(/\boauth_[a-z0-9_]+/g) ?? [];
  return names.map((name) => name.replace(/(_seconds)_(bucket|sum|count)$/, '$1'));
}

const documented = documentedMetrics();
const names = documented.map(({ name }) => name);

describe('docs/metrics.md', () => {
  it('names every metric once', () => {
    expect(new Set(names).size).toBe(names.length);
    expect(names.length).toBeGreaterThan(0);
  });

  it('has a type and a meaning for each', () => {
    for (const { name, type, meaning } of documented) {
      expect(type, name).toMatch(/^(gauge|counter|histogram)$/);
      expect(name.endsWith('_total'), name).toBe(type === 'counter');
      expect(meaning, name).toMatch(/^[A-Z0-9].*\.$/);
    }
  });

  it('knows every metric that an alert uses', () => {
    const used = alertRules().flatMap(({ expr }) => metricsIn(expr));
    expect(names).toEqual(expect.arrayContaining(used));
    expect(used).not.toEqual([]);
  });

  it('names exactly the metrics that the dashboard shows', () => {
    const shown = new Set(panelQueries().flatMap(({ expr }) => metricsIn(expr)));
    expect([...shown].sort()).toEqual([...names].sort());
  });
});
