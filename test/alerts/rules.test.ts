import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { dashboardUid, grafanaBase, runbookBase } from '../../dashboards/src/links.js';
import { headingAnchors } from '../dashboards/documents.js';
import { describeWith } from '../support/describe-with.js';
import { promtool } from '../support/prometheus.js';
import {
  alertExpectations,
  alertRules,
  alertsFolder,
  ruleFileNames,
  ruleTestNames,
} from './rule-files.js';

const rules = alertRules().map((rule) => [rule.alert, rule] as const);

describe('alert rules', () => {
  it.each(rules)('%s says how bad it is, what it is, where to look and what to do', (_, rule) => {
    expect(rule.labels?.['severity']).toMatch(/^(critical|warning|\{\{.*critical.*warning.*\}\})$/);
    expect(rule.for).toMatch(/^\d+[smhd]$/);
    expect(rule.annotations?.['summary']).not.toMatch(/^$|\n/);
    expect(rule.annotations?.['description']).toMatch(/\.$/);
    const dashboard = rule.annotations?.['dashboard'] ?? '';
    expect(dashboard.split('?')[0]).toBe(`${grafanaBase}/d/${dashboardUid}`);
  });

  it.each(rules)('%s links to the section of the runbook that bears its name', (name, rule) => {
    const [page, anchor] = rule.annotations?.['runbook_url']?.split('#') ?? [];
    expect(page).toBe(runbookBase);
    expect(anchor).toBe(name.toLowerCase());
    expect(headingAnchors('docs/runbook.md')).toContain(anchor);
  });

  it.each(rules)('%s has a test in which it fires and one in which it does not', (name) => {
    const expectations = alertExpectations().filter(({ alertname }) => alertname === name);
    expect(expectations.map(({ fires }) => fires)).toEqual(expect.arrayContaining([true, false]));
  });

  it('has no test for an alert that does not exist', () => {
    const names = new Set(rules.map(([name]) => name));
    expect(alertExpectations().filter(({ alertname }) => !names.has(alertname))).toEqual([]);
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

  it('fire and stay silent as their tests say', async () => {
    const result = await promtool(['test', 'rules', ...inFolder(alertsFolder, ruleTestNames())]);
    expect(result, result.stderr).toMatchObject({ code: 0 });
  });

  describe('a negative control: their tests notice', () => {
    let folder: string;
    beforeEach(async () => {
      folder = await mkdtemp(join(tmpdir(), 'alerts-'));
      await cp(alertsFolder, folder, { recursive: true });
    });
    afterEach(() => rm(folder, { recursive: true }));

    it.each([
      ['another delay before Absent', 'service', 'for: 5m', 'for: 6m'],
      ['another delay before SourceDown', 'service', 'for: 2m', 'for: 1m'],
      ['a source that is down on one replica only', 'service', 'max without', 'min without'],
      ['an end of SourceDown with the exporter', 'service', 'keep_firing_for: 10m', ''],
      ['a poll exactly three intervals old', 'service', '> 3 *', '>= 3 *'],
      [
        'a poll age that includes the time since the scrape',
        'service',
        'timestamp(oauth_',
        '(time() + 0 * oauth_',
      ],
      ['tokens of every replica added up', 'tokens', 'max without', 'sum without'],
      ['inactive tokens counted', 'tokens', /, active="true"/g, ''],
      ['a recovery by missing data', 'tokens', '[1d]', '[1m]'],
      [
        'overdue tokens counted as expired',
        'tokens',
        'max without (instance) (oauth_token_refreshes_overdue)',
        '0 * max without (instance) (oauth_token_refreshes_overdue)',
      ],
      ['dead tokens counted as expired', 'tokens', '+ max', '+ 0 * max'],
      [
        'expired tokens that nobody judges left out',
        'tokens',
        /or\n +max .*\n +\) > 0\n/,
        ') > 0\n',
      ],
      [
        'what vanished counted by one replica',
        'tokens',
        'sum without (instance)',
        'max without (instance)',
      ],
      ['three rows that vanish', 'tokens', ', 3)', ', 2)'],
      ['a few of many rows that vanish', 'tokens', '0.05', '0.04'],
      ['overdue jobs of every replica added up', 'jobs', 'max without', 'sum without'],
      ['a job that is known to be removed', 'jobs', /unless on \(job, cron_job\)\n.*\n/, ''],
      ['a recovery of a job by missing data', 'jobs', /\[1d\]/g, '[1m]'],
      [
        'a job whose only problem is its schedule',
        'jobs',
        /failing\|hanging/g,
        'too_seldom|hanging',
      ],
      ['a job that failed once', 'jobs', 'for: 10m', 'for: 7m'],
      ['a job that is scheduled anew', 'jobs', 'for: 5m', 'for: 2m'],
      ['a job that carries what webhooks should', 'jobs', /silent\|delayed/g, 'carried_by_cron'],
      ['a journal of another replica', 'service', 'journal_up == 0', 'journal_up >= 0'],
      ['overdue refreshes of every replica added up', 'refresh', 'max without', 'sum without'],
      [
        'a refresh that is no longer our job',
        'refresh',
        '(oauth_tokens unless',
        '(oauth_tokens and',
      ],
      ['a recovery of overdue refreshes by missing data', 'refresh', '[1d]', '[1m]'],
      ['a longer backlog than 5 minutes', 'refresh', 'for: 5m', 'for: 6m'],
      ['superseded taken for a failure', 'refresh', /reason!="superseded"/g, 'reason!=""'],
      ['9 of 10 taken for everything', 'refresh', '> 0.9', '>= 0.89'],
      ['10 failures taken for many', 'refresh', '[1h])) > 10', '[1h])) > 9'],
      ['a refused client overlooked', 'refresh', 'invalid_client|', ''],
      ['a refused client that another replica disproves', 'refresh', /unless\n +sum .* > 0\n/, ''],
      ['an end of RefreshFailing with its window', 'refresh', 'keep_firing_for: 15m', ''],
      ['a fifth taken for more', 'refresh', '> 0.2\n', '>= 0.199\n'],
      ['3 failures taken for many', 'refresh', '[1h])) > 3', '[1h])) > 2'],
      ['a death that is waited for', 'refresh', 'for: 0s', 'for: 1m'],
      [
        'grants that are only at risk',
        'refresh',
        'oauth_grants{state="dead"}) > 0',
        'oauth_grants) > 0',
      ],
    ])('%s', async (_, file, from, to) => {
      const path = join(folder, `${file}.rules.yml`);
      const text = await readFile(path, 'utf8');
      const changed = text.replace(from, to);
      expect(changed).not.toBe(text);
      await writeFile(path, changed);

      const tests = ruleTestNames().filter((name) => name.startsWith(`tests/${file}`));
      const result = await promtool(['test', 'rules', ...inFolder(folder, tests)]);
      expect(result.code).toBe(1);
      // Other alerts than expected, and not a rule that does not parse.
      expect(result.stdout + result.stderr).toMatch(/FAILED:[^]*exp:[^]*got:/);
    });
  });
});
