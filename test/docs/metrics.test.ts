import { fileURLToPath } from 'node:url';
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ProviderAssessment } from '../../src/assess/assess-provider.js';
import type { CronAssessment } from '../../src/assess/cron.js';
import { cronProblemReasons } from '../../src/assess/cron-problem.js';
import { expiryOutcomes } from '../../src/assess/expiry-calendar.js';
import { grantStates } from '../../src/assess/grant-state.js';
import type { GrantAssessment } from '../../src/assess/grants.js';
import { noneUnrefreshed } from '../../src/assess/unrefreshed.js';
import { pauseReasons } from '../../src/assess/provider-pause.js';
import type { ArrivalAssessment } from '../../src/assess/webhooks.js';
import { webhookProblems } from '../../src/assess/webhooks.js';
import { tokenStatuses } from '../../src/assess/token-status.js';
import { syncFailureReasons } from '../../src/config/sync-config.js';
import { pollFailureReasons } from '../../src/database/explain-database-error.js';
import { loadWorld, worldFolder } from '../../src/demo/demo-world.js';
import { sourceStates } from '../../src/observe/reading.js';
import { notificationFailureReasons } from '../../src/notify/notification-failure.js';
import { failureReasons } from '../../src/refresh/failure-reason.js';
import { createMetrics } from '../../src/publish/metrics.js';
import { renderTokenSeries } from '../../src/publish/token-series.js';
import { createPoller } from '../observe/poller.js';
import { endedWatch, facts } from '../publish/assessments.js';
import { createDatabase, testServer17, type TestDatabase } from '../support/postgres.js';
import { codeSpans, readDocument, section, tables } from './markdown.js';

const { text } = readDocument('docs/metrics.md');

/** A metric as the documents and the code both can say it. */
interface Metric {
  readonly name: string;
  readonly type: string;
  readonly labels: readonly string[];
}

function documentedMetrics(): Metric[] {
  return tables(text)
    .filter(([header]) => header?.slice(0, 3).join() === 'name,type,labels')
    .flatMap(([, ...rows]) => rows)
    .map(([name = '', type = '', labels = '']) => ({
      name: name.replaceAll('`', ''),
      type,
      labels: codeSpans(labels).sort(),
    }));
}

/** The metrics in an exposition, with the labels that their samples have. */
function exposedMetrics(exposition: string): Metric[] {
  return [...exposition.matchAll(/^# TYPE (oauth_\S+) (\S+)$/gm)].map(
    ([, name = '', type = '']) => {
      const sample = new RegExp(`^${name}(?:_bucket|_sum|_count)?(?:\\{(.*)\\})? `, 'gm');
      const labels = [...exposition.matchAll(sample)].flatMap(([, list = '']) =>
        [...list.matchAll(/(\w+)="/g)].map(([, label = '']) => label),
      );
      return { name, type, labels: [...new Set(labels)].filter((label) => label !== 'le').sort() };
    },
  );
}

/** Every kind of series that grants have, for tokens that the poll saw. */
function grantsOf({ tokens }: ProviderAssessment): GrantAssessment {
  const due = (tokens?.mostUrgent ?? []).map(({ id, expiresAtMs }) => ({
    tokenId: id,
    dueAtMs: 0,
    isDue: true,
    expiresAtMs,
    refreshedAtMs: null,
    failedLastTime: false,
  }));
  const grants = { live: 1, at_risk: 0, dead: 0, disabled: 0, unknown: 0 };
  return {
    grants,
    falselyDeactivated: 0,
    overdue: 0,
    due,
    tokens: [],
    active: [],
    unrefreshed: noneUnrefreshed,
  };
}

/** Every kind of series that cron jobs have. */
const cronJobs: CronAssessment = {
  jobs: [
    {
      name: 'sync',
      schedule: '* * * * *',
      active: true,
      lastRunAtMs: 0,
      lastSuccessAtMs: 0,
      missed: null,
      isScheduleKnown: true,
      problems: [],
      pause: null,
    },
  ],
  logs: new Map(),
  knowledge: {
    jobs: new Map(),
    cursor: null,
    totals: new Map([['sync', { succeeded: 1, failed: 0 }]]),
  },
  timeZone: 'GMT',
  origin: 'process',
};

const arrivals: ArrivalAssessment = {
  lastReceivedAtMs: 0,
  received: 1,
  measured: 1,
  delayMs: { median: 1, p90: 1 },
  isClustered: false,
};

const byName = (metrics: readonly Metric[]) =>
  [...metrics].sort((a, b) => (a.name < b.name ? -1 : 1));

describe('docs/metrics.md', () => {
  let database: TestDatabase;
  beforeAll(async () => {
    database = await createDatabase(testServer17);
    await loadWorld(database.url);
  });
  afterAll(() => database.drop());

  it('lists the metrics that there are, with their types and labels', async () => {
    const yaml = readFileSync(fileURLToPath(new URL('demo.yaml', worldFolder)), 'utf8');
    const poller = createPoller(database.url, { yaml });
    const assessment = await poller.poll();
    await poller.close();
    const metrics = createMetrics({ ...facts, demo: true });
    metrics.refresh.declareEvents('fathom');
    metrics.refresh.declareProvider('fathom');
    metrics.refresh.declareShadowed('google');
    metrics.refresh.recordJournal(true);
    metrics.notify.declareChannel('slack');
    metrics.notify.recordOutbox({ pending: 1, oldestEnqueuedAtMs: 1_000 });
    metrics.incidents.recordStates([
      { provider: 'fathom', cause: 'grants_dead', severity: 'warning', open: true },
    ]);
    const demand = { feasible: true, neededPerMinute: 21, allowedPerMinute: 60 } as const;
    metrics.syncs.declareRetries('fathom');
    metrics.syncs.recordRuns('fathom', { success: 1, partial: 0, failed: 0 });
    metrics.watch.record([endedWatch]);
    const providers = new Map(
      [...assessment.providers].map(([name, state]) => [
        name,
        {
          ...state,
          grants: grantsOf(state),
          demand,
          webhooks: { arrivals, events: { succeeded: 1, failed: 0, other: 0 }, problems: [] },
        },
      ]),
    );
    const judged = { ...assessment, providers, cron: cronJobs };
    metrics.recordPoll(judged, {
      durationMs: 1,
      failureReason: null,
      clockSkewsMs: new Map([['default', 0]]),
    });
    const tokenSeries = (await renderTokenSeries(providers)).map(({ plain }) => plain.toString());
    const exposition = `${await metrics.registry.metrics()}${tokenSeries.join('')}`;

    expect(byName(documentedMetrics())).toEqual(byName(exposedMetrics(exposition)));
  });

  it.each([
    ['status', '## Access token status', tokenStatuses],
    ['state', '## Sources', sourceStates],
    ['state', '## Grants', grantStates],
    ['reason', '### Reasons of a pause', pauseReasons],
    ['reason', '### Reasons of a failed refresh', failureReasons],
    ['reason', '### Reasons of a failed message', notificationFailureReasons],
    ['reason', '### Reasons of a failed sync', syncFailureReasons],
    ['problem', '## Cron jobs', cronProblemReasons],
    ['problem', '## Webhooks', webhookProblems],
    ['outcome', '### The calendar of expiries', expiryOutcomes],
  ])('explains every %s under %s', (label, heading, values) => {
    const explained = tables(section(text, heading)).find(
      ([header]) => header?.[0]?.replaceAll('`', '') === label,
    );
    const [, ...rows] = explained ?? [];
    expect(rows.map(([first = '']) => first.replaceAll('`', '')).sort()).toEqual(
      [...values].sort(),
    );
  });

  it('explains every reason for which a poll fails', () => {
    const row = section(text, '## The exporter itself')
      .split('\n')
      .find((line) => line.includes('poll_failures_total'));
    expect(codeSpans(row ?? '')).toEqual(expect.arrayContaining([...pollFailureReasons]));
  });
});

describe('the runbook on failed refreshes', () => {
  it('has a line for every reason', () => {
    const runbook = readDocument('docs/runbook.md').text;
    const [, ...rows] = tables(section(runbook, '## OAuthTokenRefreshFailing'))[0] ?? [];
    const named = rows.flatMap(([reasons = '']) => codeSpans(reasons));
    expect(named.sort()).toEqual([...failureReasons].sort());
  });
});

describe('the metrics that the README names', () => {
  it('are in docs/metrics.md', () => {
    const known = documentedMetrics().map(({ name }) => name);
    const named = codeSpans(readDocument('README.md').text).filter((code) =>
      /^oauth_\w+$/.test(code),
    );
    expect(named).not.toEqual([]);
    expect(named.filter((name) => !known.includes(name))).toEqual([]);
  });
});
