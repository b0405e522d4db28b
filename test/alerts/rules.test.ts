import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { grafanaBase, overviewUid, runbookBase } from '../../dashboards/src/links.js';
import { headingAnchors } from '../dashboards/documents.js';
import { readDocument, section } from '../docs/markdown.js';
import { describeWith } from '../support/describe-with.js';
import { promtool } from '../support/prometheus.js';
import {
  alertExpectations,
  alertRules,
  alertsFolder,
  recordingRules,
  ruleExpressions,
  ruleFileNames,
  ruleTestNames,
} from './rule-files.js';

/** A watchdog is the one alert that nothing may silence. */
const alwaysFires = 'OAuthTokenExporterWatchdog';
const rules = alertRules().map((rule) => [rule.alert, rule] as const);

describe('alert rules', () => {
  it.each(rules)('%s says how bad it is, what it is, where to look and what to do', (_, rule) => {
    expect(rule.labels?.['severity']).toMatch(
      /^(critical|warning|none|\{\{.*critical.*warning.*\}\})$/,
    );
    expect(rule.for).toMatch(/^\d+[smhd]$/);
    expect(rule.annotations?.['summary']).not.toMatch(/^$|\n/);
    expect(rule.annotations?.['description']).toMatch(/\.( \{\{- end \}\})?$/);
    const dashboard = rule.annotations?.['dashboard'] ?? '';
    expect(dashboard.split('?')[0]).toBe(`${grafanaBase}/d/${overviewUid}`);
  });

  it.each(rules)('%s links to the section of the runbook that bears its name', (name, rule) => {
    const [page, anchor] = rule.annotations?.['runbook_url']?.split('#') ?? [];
    expect(page).toBe(runbookBase);
    expect(anchor).toBe(name.toLowerCase());
    expect(headingAnchors('docs/runbook.md')).toContain(anchor);
  });

  it.each(rules)('%s has all that somebody needs there', (name) => {
    const text = section(readDocument('docs/runbook.md').text, `## ${name}`);
    const parts = [...text.matchAll(/^\*\*(.+?)\.\*\*/gm)].map(([, title]) => title);
    expect(parts).toEqual([
      'What it means',
      'How to confirm',
      'What to do',
      'How to know that it is over',
    ]);
  });

  it.each(rules)('%s has a test in which it fires and one in which it does not', (name) => {
    const expectations = alertExpectations().filter(({ alertname }) => alertname === name);
    const wanted = name === alwaysFires ? [true] : [true, false];
    expect(expectations.map(({ fires }) => fires)).toEqual(expect.arrayContaining(wanted));
  });

  it('has no test for an alert that does not exist', () => {
    const names = new Set(rules.map(([name]) => name));
    expect(alertExpectations().filter(({ alertname }) => !names.has(alertname))).toEqual([]);
  });

  it('record only what more than one expression uses', () => {
    for (const { record } of recordingRules()) {
      const users = ruleExpressions().filter((expr) => expr.includes(record));
      expect(users.length, record).toBeGreaterThan(1);
    }
  });

  it.each(ruleFileNames())('%s says of each `for` and each `keep_firing_for` why', (file) => {
    const blocks = readFileSync(join(alertsFolder, file), 'utf8').split(/^\n/m);
    const alerts = blocks.filter((block) => block.includes('- alert: '));
    expect(alerts).not.toEqual([]);
    for (const block of alerts) {
      const comment = block.match(/^ +# .*$/gm)?.join('\n') ?? '';
      expect(comment).toMatch(/# for\b.*:/);
      if (block.includes(' keep_firing_for: ')) expect(comment).toMatch(/keep_firing_for\b.*:/);
    }
  });
});

describeWith('prometheus', 'alert rules in promtool', () => {
  const inFolder = (folder: string, names: readonly string[]) =>
    names.map((name) => join(folder, name));

  it('are valid, without a lint', async () => {
    const files = inFolder(alertsFolder, ruleFileNames());
    const result = await promtool(['check', 'rules', '--lint=all', '--lint-fatal', ...files]);
    expect(result).toMatchObject({ code: 0, stderr: '' });
  });

  it.each(ruleTestNames())(
    'fire and stay silent as %s says',
    { timeout: 120_000 },
    async (name) => {
      const result = await promtool(['test', 'rules', join(alertsFolder, name)]);
      expect(result, result.stderr).toMatchObject({ code: 0 });
    },
  );
});
