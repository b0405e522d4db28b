import { describe, expect, it } from 'vitest';
import { recordingRules, ruleExpressions } from '../alerts/rule-files.js';
import { readDocument } from '../docs/markdown.js';
import { documentedMetrics } from './documents.js';
import { panelQueries } from './queries.js';

/**
 * The exporter's metrics in a query; the series of a histogram count as the histogram. Names with a
 * colon are recording rules'.
 */
function metricsIn(expr: string): string[] {
  const names = expr.match(/(?<![\w:])oauth_[a-z0-9_]+(?!:)\b/g) ?? [];
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
    const used = ruleExpressions().flatMap(metricsIn);
    expect(names).toEqual(expect.arrayContaining(used));
    expect(used).not.toEqual([]);
  });

  it('names every metric that rules record', () => {
    const { text } = readDocument('docs/metrics.md');
    for (const { record } of recordingRules()) expect(text).toContain(`\`${record}\``);
  });

  it('names exactly the metrics that the dashboards show', () => {
    const shown = new Set(panelQueries().flatMap(({ expr }) => metricsIn(expr)));
    expect([...shown].sort()).toEqual([...names].sort());
  });
});
