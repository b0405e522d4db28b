import { readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { describeWith } from '../support/describe-with.js';
import { promtool } from '../support/prometheus.js';
import { rulesOf, testsOf } from './parts-of-alert.js';
import { alertsFolder, ruleTestNames } from './rule-files.js';

/** `[what is wrong, the alert, what its rule says, what it is made to say]` */
type Mutation = readonly [string, string, string | RegExp, string];

/** In alerts/service.rules.yml. */
const ofTheService: readonly Mutation[] = [
  ['another delay', 'OAuthTokenExporterAbsent', 'for: 5m', 'for: 6m'],
  ['another delay', 'OAuthTokenExporterSourceDown', 'for: 2m', 'for: 1m'],
  ['one replica of several', 'OAuthTokenExporterSourceDown', 'max without', 'min without'],
  ['an end with the exporter', 'OAuthTokenExporterSourceDown', 'keep_firing_for: 10m', ''],
  ['exactly three intervals', 'OAuthTokenExporterPollStale', '> 3 *', '>= 3 *'],
  [
    'the time since the scrape included',
    'OAuthTokenExporterPollStale',
    'timestamp(oauth_',
    '(time() + 0 * oauth_',
  ],
  [
    'the journal of another replica',
    'OAuthTokenExporterJournalUnusable',
    'journal_up == 0',
    'journal_up >= 0',
  ],
  ['one replica of several', 'OAuthTokenExporterMemoryUnusable', 'max without', 'min without'],
  [
    'an exporter that only observes',
    'OAuthTokenExporterMemoryUnusable',
    /and on \(job\)\n +oauth_token_refreshes_total/,
    '',
  ],
  ['a fail-over', 'OAuthTokenExporterMemoryUnusable', 'for: 5m', 'for: 4m'],
  [
    'an end with the exporter',
    'OAuthTokenExporterMemoryUnusable',
    'keep_firing_for: 10m',
    'keep_firing_for: 9m',
  ],
  ['a watchdog that may stop', 'OAuthTokenExporterWatchdog', 'vector(1)', 'unrelated'],
  ['replicas added up', 'OAuthTokenRefreshesOverdue', 'max without', 'sum without'],
  ['no longer our job', 'OAuthTokenRefreshesOverdue', '(oauth_tokens unless', '(oauth_tokens and'],
  ['a recovery by missing data', 'OAuthTokenRefreshesOverdue', '[1d]', '[1m]'],
  ['another delay', 'OAuthTokenRefreshesOverdue', 'for: 5m', 'for: 6m'],
  [
    'superseded taken for a failure',
    'job_provider:oauth_token_refresh_failures:increase1h',
    'reason!="superseded"',
    'reason!=""',
  ],
  [
    'one replica for all',
    'job_provider:oauth_token_refresh_failures:ratio1h',
    '+ sum without',
    '+ min without',
  ],
  ['9 of 10', 'OAuthTokenRefreshFailing', '> 0.9', '>= 0.89'],
  ['10 failures', 'OAuthTokenRefreshFailing', '> 10', '> 9'],
  ['an end with its window', 'OAuthTokenRefreshFailing', 'keep_firing_for: 15m', ''],
  ['exactly a fifth', 'OAuthTokenRefreshFailing', '> 0.2\n', '>= 0.199\n'],
  ['3 failures', 'OAuthTokenRefreshFailing', '> 3\n', '> 2\n'],
  [
    'one replica refused',
    'OAuthTokenRefreshPaused',
    'min without (instance) (oauth_token_refresh_paused{reason="configuration"})',
    'max without (instance) (oauth_token_refresh_paused{reason="configuration"})',
  ],
  ['any pause as critical', 'OAuthTokenRefreshPaused', '{reason="configuration"}', ''],
  ['a roll-out', 'OAuthTokenRefreshPaused', 'for: 2m', 'for: 1m'],
  ['two alerts of one cause', 'OAuthTokenRefreshPaused', / +unless\n +min .*\n/, ''],
  ['a pause that passes', 'OAuthTokenRefreshPaused', 'for: 15m', 'for: 14m'],
  ['replicas added up', 'OAuthTokenRefreshDemandAboveRate', 'max without', 'sum without'],
  [
    'a demand that is just met',
    'OAuthTokenRefreshDemandAboveRate',
    '> max without',
    '>= max without',
  ],
  ['another delay', 'OAuthTokenRefreshDemandAboveRate', 'for: 10m', 'for: 9m'],
  [
    'a demand that wavers',
    'OAuthTokenRefreshDemandAboveRate',
    'keep_firing_for: 15m',
    'keep_firing_for: 13m',
  ],
  ['exactly 15 minutes', 'OAuthNotificationsStuck', '> 15 * 60', '>= 15 * 60'],
  ['what a stale replica says', 'OAuthNotificationsStuck', 'max without', 'min without'],
  ['an end with the exporter', 'OAuthNotificationsStuck', 'keep_firing_for: 10m', ''],
];

/** In alerts/tokens.rules.yml. */
const ofTheTokens: readonly Mutation[] = [
  ['a death that is waited for', 'OAuthGrantsDead', 'for: 0s', 'for: 1m'],
  ['grants at risk', 'OAuthGrantsDead', /\{state="dead"\}/g, ''],
  ['a recovery by missing data', 'OAuthGrantsDead', '[1d]', '[1m]'],
  ['replicas added up', 'OAuthGrantsDead', 'max without', 'sum without'],
  ['replicas added up', 'OAuthTokensExpired', 'max without', 'sum without'],
  ['inactive ones', 'OAuthTokensExpired', /, active="true"/g, ''],
  ['a recovery by missing data', 'OAuthTokensExpired', '[1d]', '[1m]'],
  [
    'overdue ones',
    'OAuthTokensExpired',
    'max without (instance) (oauth_token_refreshes_overdue)',
    '0 * max without (instance) (oauth_token_refreshes_overdue)',
  ],
  ['dead ones', 'OAuthTokensExpired', '+ max', '+ 0 * max'],
  [
    'those that nobody judges left out',
    'OAuthTokensExpired',
    /or\n +max .*\n +\) > 0\n/,
    ') > 0\n',
  ],
  ['replicas added up', 'OAuthTokensExpiringUnrefreshed', 'max without', 'sum without'],
  ['a status alone', 'OAuthTokensExpiringUnrefreshed', 'expiring_unrefreshed', 'expiring_within'],
  ['a recovery by missing data', 'OAuthTokensExpiringUnrefreshed', '[1d]', '[1m]'],
  [
    'a gap before Expired',
    'OAuthTokensExpiringUnrefreshed',
    'keep_firing_for: 1h',
    'keep_firing_for: 59m',
  ],
  ['another delay', 'OAuthTokensExpiringUnrefreshed', 'for: 15m', 'for: 14m'],
  ['replicas added up', 'OAuthTokensExpiryCliff', /max without/g, 'sum without'],
  ['one less than the threshold', 'OAuthTokensExpiryCliff', '>= (', '>= -1 + ('],
  ['the threshold taken for less', 'OAuthTokensExpiryCliff', '>= (', '> ('],
  [
    'a threshold of before',
    'OAuthTokensExpiryCliff',
    /max without \(instance\) \(oauth_tokens_expiry_cliff_threshold\)\n +or\n +/,
    '',
  ],
  ['a recovery by missing data', 'OAuthTokensExpiryCliff', 'cohort[1d]', 'cohort[1m]'],
  ['a recovery without a threshold', 'OAuthTokensExpiryCliff', 'threshold[1d]', 'threshold[1m]'],
  ['another delay', 'OAuthTokensExpiryCliff', 'for: 1h', 'for: 59m'],
  ['a gap before Expired', 'OAuthTokensExpiryCliff', 'keep_firing_for: 1h', ''],
  ['a moment between off and on', 'OAuthTokensFalselyDeactivated', 'for: 5m', 'for: 4m'],
  ['a recovery by missing data', 'OAuthTokensFalselyDeactivated', '[1d]', '[1m]'],
  [
    'one replica for all',
    'OAuthTokensDisappeared',
    'sum without (instance)',
    'max without (instance)',
  ],
  ['3 rows', 'OAuthTokensDisappeared', ', 3)', ', 2)'],
  ['a few of many', 'OAuthTokensDisappeared', '0.05', '0.04'],
];

/** In alerts/syncs.rules.yml. */
const ofTheSyncs: readonly Mutation[] = [
  ['replicas added up', 'OAuthSyncsOverdue', 'max without', 'sum without'],
  ['a recovery by missing data', 'OAuthSyncsOverdue', '[1d]', '[1m]'],
  ['another delay', 'OAuthSyncsOverdue', 'for: 10m', 'for: 11m'],
  ['any reason', 'OAuthSyncsFailingForAuth', /reason=~"auth\|reauthorize"/g, 'reason!=""'],
  [
    'users who must authorize again left out',
    'OAuthSyncsFailingForAuth',
    /auth\|reauthorize/g,
    'auth',
  ],
  ['another delay', 'OAuthSyncsFailingForAuth', 'for: 30m', 'for: 28m'],
];

/** In alerts/jobs.rules.yml. */
const ofTheJobs: readonly Mutation[] = [
  ['replicas added up', 'OAuthCronJobOverdue', 'max without', 'sum without'],
  [
    'a job that is known to be removed',
    'OAuthCronJobOverdue',
    /unless on \(job, cron_job\)\n.*\n/,
    '',
  ],
  ['a recovery by missing data', 'OAuthCronJobOverdue', '[1d]', '[1m]'],
  ['a recovery by missing data', 'OAuthCronJobFailing', '[1d]', '[1m]'],
  ['a schedule alone', 'OAuthCronJobFailing', /failing\|hanging/g, 'too_seldom|hanging'],
  ['a job that failed once', 'OAuthCronJobFailing', 'for: 10m', 'for: 7m'],
  ['a job that is scheduled anew', 'OAuthCronJobGone', 'for: 5m', 'for: 2m'],
  [
    'a job that carries what webhooks should',
    'OAuthWebhooksImpaired',
    /silent\|delayed/g,
    'carried_by_cron',
  ],
  ['a recovery by missing data', 'OAuthWebhooksImpaired', '[1d]', '[1m]'],
];

/** A negative control: a rule that says something else fails a test that bears its name. */
describeWith('prometheus', 'the tests of the rules notice', () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'alerts-'));
  });
  afterEach(() => rm(folder, { recursive: true }));

  /** Runs the tests of one alert on its rules, after `change`. */
  async function runTests(file: string, alert: string, change = (rules: string) => rules) {
    const tests = ruleTestNames()
      .map((name) => testsOf(alert, readFileSync(join(alertsFolder, name), 'utf8')))
      .filter((test) => test !== null)
      .filter((test) => test.includes(`- ../${file}`));
    const rules = rulesOf(tests, readFileSync(join(alertsFolder, file), 'utf8'));
    await writeFile(join(folder, file), change(rules));
    const names = tests.map((_, index) => join(folder, `${index}.test.yml`));
    for (const [index, test] of tests.entries()) {
      await writeFile(names[index]!, test.replaceAll('- ../', '- '));
    }
    return promtool(['test', 'rules', ...names]);
  }

  async function expectFailure(file: string, [, rule, from, to]: Mutation): Promise<void> {
    const result = await runTests(file, alertOf(rule), (rules) => {
      const start = rules.search(new RegExp(`- (alert|record): ${rule}\\n`));
      const changed = rules.slice(0, start) + rules.slice(start).replace(from, to);
      expect(changed).not.toBe(rules);
      return changed;
    });
    expect(result.code).toBe(1);
    // Other alerts than expected, and not a rule that does not parse.
    expect(result.stdout + result.stderr).toMatch(/FAILED:[^]*exp:[^]*got:/);
  }

  describe.each([
    ['service.rules.yml', ofTheService],
    ['tokens.rules.yml', ofTheTokens],
    ['syncs.rules.yml', ofTheSyncs],
    ['jobs.rules.yml', ofTheJobs],
  ] as const)('%s', (file, mutations) => {
    it.each(mutations)('%s (%s)', { timeout: 120_000 }, (...mutation) =>
      expectFailure(file, mutation),
    );

    const alerts = new Set(mutations.map(([, rule]) => alertOf(rule)));
    it.each([...alerts])('nothing, as %s is', { timeout: 120_000 }, async (alert) => {
      expect(await runTests(file, alert)).toMatchObject({ code: 0 });
    });
  });
});

/** The alert whose tests are about a rule. */
function alertOf(rule: string): string {
  return rule.startsWith('OAuth') ? rule : 'OAuthTokenRefreshFailing';
}
