import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { ProviderAssessment } from '../../src/assess/assess-provider.js';
import type { CronAssessment } from '../../src/assess/cron.js';
import type { WebhookProblem } from '../../src/assess/webhooks.js';
import type { Config } from '../../src/config/config.js';
import type { Seen } from '../../src/notify/causes/cause.js';
import { causes } from '../../src/notify/causes/causes.js';
import { possibleIncidents } from '../../src/notify/find-causes.js';
import type { Incident } from '../../src/store/incidents.js';
import { headingAnchors } from '../docs/markdown.js';
import { cronOf, sourceOf } from '../publish/assessments.js';
import { configOf, failedPoll, ids, pollOf, start, tokensOf } from './polls.js';
import type { Poll, PollSpec, TokenSpec } from './polls.js';
import { hour, minute, play, polls } from './policy.js';

const day = 24 * hour;
const refreshed = configOf();
const observed = configOf('log_level: info', {});
/** Sixty-day tokens of another application, without anything that refreshes them. */
const longLived = configOf(
  `providers:
    app:
      table: tokens
      columns: { id: id, subject: owner, expires_at: expires_at }
      declared_lifetime: 60d`,
  {},
);

interface Facts {
  readonly config?: Config;
  readonly previous?: Incident;
  readonly pollFailure?: string;
  readonly memoryAway?: string;
  readonly journalProblem?: string | null;
}

function findIn(cause: string, { assessment, memories }: Poll, facts: Facts = {}) {
  const config = facts.config ?? refreshed;
  const possible = possibleIncidents(config.providers, 'host').find((each) => each.cause === cause);
  return possible!.find(
    {
      assessment,
      memories,
      nowMs: assessment.observedAt?.getTime() ?? start,
      config: config.incidents,
      journalProblem: facts.journalProblem ?? null,
      journalTried: facts.journalProblem !== undefined,
      pollFailure: facts.pollFailure ?? null,
      memoryAway: facts.memoryAway ?? null,
    },
    facts.previous ?? null,
  );
}

const pollAt = (spec: Omit<PollSpec, 'atMs'>, config: Config = refreshed, atMs = start) =>
  pollOf(config.providers[0]!, { atMs, ...spec });

/** The ids that a poll with these tokens shows for a cause. */
function affected(
  cause: string,
  tokens: readonly TokenSpec[],
  config: Config = refreshed,
  facts: Facts = {},
): string[] {
  const finding = findIn(cause, pollAt({ tokens }, config), { config, ...facts }) as Seen;
  expect(finding.seen).toBe(true);
  return finding.affected.map(({ id }) => id);
}

/** An incident that opened an hour ago, and of which people were told these ids. */
function opened(toldIds: readonly string[] = ['x'], firstSeenAtMs = start - hour): Incident {
  const { incident } = play(
    polls(toldIds, firstSeenAtMs),
    { opensAtOnce: true },
    { groupWaitMs: 0 },
  );
  return incident!;
}

describe('the list of causes', () => {
  it('has a name for each, of which none is there twice', () => {
    const names = causes.map(({ name }) => name);
    expect(new Set(names).size).toBe(names.length);
    for (const name of names) expect(name).toMatch(/^[a-z]+(_[a-z]+)*$/);
  });

  it.each(causes.map((cause) => [cause.name, cause] as const))(
    '%s has a title that is stable but for its numbers, and full sentences',
    (_, cause) => {
      const stable = (title: string) => title.replaceAll(/\d+/g, 'N');
      expect(stable(cause.title(1, 300))).toBe(stable(cause.title(30, 300)));
      expect(stable(cause.title(0, 300))).toBe(stable(cause.title(30, 300)));
      for (const text of [cause.explanation, cause.nextStep, cause.proof]) {
        expect(text).toMatch(/^[A-Z].*\.$/);
      }
      expect(cause.title(3, 4)).not.toMatch(/OPEN|RECOVERED|\.$/);
    },
  );

  it.each([
    ['cron_job_failing', '1 cron job in trouble'],
    ['expiry_cliff', '1 token expiring together'],
    ['falsely_deactivated', '1 token switched off while valid'],
    ['further_source_down', '1 further source down'],
    ['grants_dead', '1 grant dead'],
    ['refresh_overdue', '1 refresh overdue'],
    ['syncs_failing_for_auth', '1 sync failing for want of a token'],
    ['tokens_disappeared', '1 row disappeared'],
    ['tokens_unattended', '1 token expiring, refreshed by nobody'],
  ])('%s speaks of one as of one: %s', (name, title) => {
    const cause = causes.find((each) => each.name === name);
    expect(cause?.title(1, null)).toBe(title);
    expect(cause?.title(1, 1)).toBe(title.replace('1 ', '1 of 1 '));
    expect(cause?.title(1, 60)).toMatch(/^1 of 60 ([a-z]+ )?[a-z]+s /);
  });

  it.each(causes.map(({ name, runbook }) => [name, runbook]))(
    '%s leads to a heading of the runbook',
    (_, runbook) => {
      const text = readFileSync(new URL('../../docs/runbook.md', import.meta.url), 'utf8');
      expect(headingAnchors(text)).toContain(runbook);
    },
  );

  it('says "source" or "database" where one is down', () => {
    const titles = causes
      .filter(({ name }) => /source|database/.test(name))
      .map(({ title }) => title(1, 2));
    expect(titles).toHaveLength(4);
    for (const title of titles) expect(title).toMatch(/source|database/);
  });
});

describe('a poll that could not see', () => {
  const tokenCauses = causes.filter(
    ({ scope, name }) => scope === 'provider' && !name.includes('source'),
  );

  it.each(tokenCauses.map(({ name }) => name))('is no evidence for or against %s', (cause) => {
    const before = pollAt({ tokens: tokensOf(ids(10), { deadSinceMs: start - day }) });
    expect(findIn(cause, failedPoll(before), { pollFailure: 'away' })).toEqual({ seen: false });
    const unread = pollAt({ tokens: tokensOf(ids(10)), isSourceDown: true });
    expect(findIn(cause, unread)).toEqual({ seen: false });
  });

  it('is none for its sources either: the database is the incident', () => {
    const away = failedPoll(pollAt({ isSourceDown: true }));
    expect(findIn('source_down', away, { pollFailure: 'away' })).toEqual({ seen: false });
    expect(findIn('database_down', away, { pollFailure: 'nothing listens.' })).toMatchObject({
      affected: [{ id: 'database' }],
      detail: 'nothing listens.',
    });
  });
});

describe('grants_dead', () => {
  it('are dead grants of rows that are in use', () => {
    const tokens = [
      { id: 'dead', deadSinceMs: start - 1 },
      { id: 'switched off', deadSinceMs: start - 1, active: false },
      { id: 'moved since', deadSinceMs: start - 2, expiryMovedAtMs: start - 1 },
      { id: 'at risk', failures: 1, failedAtMs: start - 1 },
      { id: 'live', expiryMovedAtMs: start - 1 },
    ];
    expect(affected('grants_dead', tokens)).toEqual(['dead']);
    expect(findIn('grants_dead', pollAt({ tokens }))).toMatchObject({ outOf: 4 });
  });
});

describe('refresh_overdue', () => {
  /** Due a third of a day before its expiry, overdue two hours later, jitter a minute at most. */
  const dueAfterMs = (ms: number) => ({ expiresInMs: 8 * hour - ms });

  it('are tokens that are past their grace, not those that are due', () => {
    const tokens = [
      { id: 'due', ...dueAfterMs(hour) },
      { id: 'within its grace', ...dueAfterMs(2 * hour - 2 * minute) },
      { id: 'overdue', ...dueAfterMs(2 * hour + 2 * minute) },
      { id: 'dead', ...dueAfterMs(7 * hour), deadSinceMs: start - 1 },
    ];
    expect(affected('refresh_overdue', tokens)).toEqual(['overdue']);
  });

  it('say nothing where refreshing is not our job', () => {
    const poll = pollAt({ tokens: [{ id: 'a', expiresInMs: -hour }] }, observed);
    expect(findIn('refresh_overdue', poll, { config: observed })).toEqual({ seen: false });
  });
});

describe('tokens_unattended', () => {
  const cause = 'tokens_unattended';

  it('are none of a provider that we refresh, however soon they expire', () => {
    expect(affected(cause, tokensOf(ids(3), { expiresInMs: -hour }))).toEqual([]);
  });

  it('are those without a refresh token, also there', () => {
    const tokens = [
      { id: 'none', hasRefreshToken: false },
      { id: 'unknown', hasRefreshToken: null },
      { id: 'some' },
    ].map((token) => ({ ...token, expiresInMs: 7 * hour }));
    expect(affected(cause, tokens)).toEqual(['none']);
  });

  it('are none of an application that refreshes on its own, nor its idle ones', () => {
    const tokens = [
      { id: 'used', expiryMovedAtMs: start - hour },
      { id: 'idle for a month', expiresInMs: -30 * day, expiryMovedAtMs: start - 31 * day },
      { id: 'never used', expiresInMs: -5 * day },
    ];
    expect(affected(cause, tokens, observed)).toEqual([]);
  });

  it('are all of one that has stopped, after the longest pause that its syncs may make', () => {
    const lapsed = (movedMs: number) =>
      tokensOf(ids(4), { expiryMovedAtMs: start - movedMs, expiresInMs: day - movedMs });
    expect(affected(cause, lapsed(72 * hour), observed)).toEqual([]);
    expect(affected(cause, lapsed(72 * hour + 1), observed)).toEqual(ids(4));
  });

  it('are none of a day-long token that was first seen less than a day ago', () => {
    const young = (ageMs: number) =>
      tokensOf(ids(4), { firstSeenAtMs: start - ageMs, expiresInMs: 7 * hour });
    expect(affected(cause, young(day - 1), observed)).toEqual([]);
    expect(affected(cause, young(day), observed)).toEqual(ids(4));
  });

  it('are all at once when most have expired already at first sight', () => {
    const tokens = (expired: number) =>
      ids(10).map((id, index) => ({
        id,
        firstSeenAtMs: start,
        expiresInMs: index < expired ? -2 * hour : 20 * hour,
      }));
    expect(affected(cause, tokens(4), observed)).toEqual([]);
    expect(affected(cause, tokens(5), observed)).toEqual(ids(5));
  });

  it.each([
    ['a week before, of sixty days', 7 * day, []],
    ['a millisecond later', 7 * day - 1, ['token-0']],
    ['after it', -day, ['token-0']],
  ])('are told of %s', (_, expiresInMs, expected) => {
    expect(affected(cause, tokensOf(ids(1), { expiresInMs }), longLived)).toEqual(expected);
  });

  it('are never those that are inactive, infinite, without an expiry, or dead', () => {
    const tokens = [
      { id: 'inactive', active: false, expiresInMs: -day },
      { id: 'infinite', expiresInMs: Infinity },
      { id: 'without', expiresInMs: null },
      { id: 'dead', deadSinceMs: start - 1, expiresInMs: -day },
      { id: 'meant', expiresInMs: -day },
    ];
    expect(affected(cause, tokens, longLived)).toEqual(['meant']);
  });

  it('say how many have expired and how many have no refresh token', () => {
    const tokens = [
      { id: 'a', expiresInMs: -hour },
      { id: 'b', expiresInMs: hour, hasRefreshToken: false },
    ];
    expect(findIn(cause, pollAt({ tokens }, longLived), { config: longLived })).toMatchObject({
      detail: 'Expired already: 1. Without a refresh token: 1.',
      outOf: 2,
    });
  });
});

describe('expiry_cliff', () => {
  const cause = 'expiry_cliff';
  const within = (count: number, spanMs: number, of = count) =>
    ids(of).map((id, index) => ({
      id,
      expiresInMs: index < count ? 10 * day + (index * spanMs) / (count - 1) : 50 * day,
    }));

  it.each([
    ['five of ten within 72 hours', within(5, 72 * hour - 1, 10), 5],
    ['four of eight are too few', within(4, 72 * hour, 8), 0],
    ['five of eleven are less than half', within(5, 72 * hour, 11), 0],
    ['five exactly 72 hours apart', within(5, 72 * hour), 0],
    ['more than a month ahead', tokensOf(ids(9), { expiresInMs: 30 * day + 1 }), 0],
    ['exactly a month ahead', tokensOf(ids(9), { expiresInMs: 30 * day }), 9],
    ['what has expired is no cliff any more', tokensOf(ids(9), { expiresInMs: -1 }), 0],
  ])('%s', (_, tokens, count) => {
    expect(affected(cause, tokens, longLived)).toHaveLength(count);
  });

  it('is none where somebody refreshes them', () => {
    expect(affected(cause, tokensOf(ids(9), { expiresInMs: 7 * hour }))).toEqual([]);
    const moved = tokensOf(ids(9), { expiresInMs: 7 * hour, expiryMovedAtMs: start - hour });
    expect(affected(cause, moved, observed)).toEqual([]);
  });

  it('takes the share that is configured', () => {
    const quarter = configOf(
      `incidents: { cliff_share: 0.25 }
providers:
  app: { table: t, columns: { id: id, subject: s, expires_at: e } }`,
      {},
    );
    expect(affected(cause, within(5, hour, 20), quarter)).toHaveLength(5);
    expect(affected(cause, within(5, hour, 21), quarter)).toHaveLength(0);
  });
});

describe('provider_failing and client_configuration', () => {
  const pause = (reason: 'breaker' | 'configuration' | 'retry_after', failure: string | null) => [
    { reason, failure, sinceMs: null, untilMs: null },
  ];

  it('are pauses of the provider, each its own', () => {
    const breaker = pollAt({ pauses: pause('breaker', 'server_error') });
    expect(findIn('provider_failing', breaker)).toMatchObject({
      affected: [{ id: 'fathom' }],
      detail: 'The last failure: server_error.',
    });
    expect(findIn('client_configuration', breaker)).toMatchObject({ affected: [] });
    const refused = pollAt({ pauses: pause('configuration', 'invalid_client') });
    expect(findIn('client_configuration', refused)).toMatchObject({ affected: [{ id: 'fathom' }] });
    const asked = pollAt({ pauses: pause('retry_after', null) });
    expect(findIn('provider_failing', asked)).toMatchObject({ affected: [] });
  });

  it('never tell anybody to ask users to reconnect', () => {
    const cause = causes.find(({ name }) => name === 'client_configuration');
    expect(cause?.nextStep).toContain('Do not ask users to reconnect');
  });

  it('a breaker that lets one through is no evidence; a refresh since is', () => {
    const tokens = (refreshedAtMs: number | null) => [{ id: 'a', refreshedAtMs }];
    const previous = opened(['fathom']);
    const after = (refreshedAtMs: number | null) =>
      findIn('provider_failing', pollAt({ tokens: tokens(refreshedAtMs) }), { previous });
    expect(after(null)).toEqual({ seen: false });
    expect(after(start - hour - 1)).toEqual({ seen: false });
    expect(after(start - hour)).toMatchObject({ seen: true, affected: [] });
  });
});

describe('demand_above_rate', () => {
  const demand = { shortage: 'steady', neededPerMinute: 170, allowedPerMinute: 60 } as const;

  it('says by how much', () => {
    expect(
      findIn('demand_above_rate', pollAt({ demand: { ...demand, feasible: false } })),
    ).toMatchObject({
      affected: [{ id: 'fathom' }],
      detail: 'The provider needs 170/min, allowed 60. It is so all the time.',
    });
  });

  it('is over when the rate is enough, and unknown where nothing is known', () => {
    const feasible = { feasible: true, neededPerMinute: 6, allowedPerMinute: 60 } as const;
    expect(findIn('demand_above_rate', pollAt({ demand: feasible }))).toMatchObject({
      affected: [],
    });
    expect(findIn('demand_above_rate', pollAt({ demand: null }))).toEqual({ seen: false });
  });
});

describe('falsely_deactivated', () => {
  it('are inactive rows that have not expired', () => {
    const tokens = [
      { id: 'meant', active: false, expiresInMs: 1 },
      { id: 'expired', active: false, expiresInMs: 0 },
      { id: 'active', expiresInMs: 1 },
    ];
    expect(affected('falsely_deactivated', tokens)).toEqual(['meant']);
  });
});

describe('tokens_disappeared', () => {
  const cause = 'tokens_disappeared';
  const some = (gone: number, left: number, goneAtMs = start - minute): TokenSpec[] => [
    ...tokensOf(ids(gone, 'gone'), { isGone: true, goneAtMs }),
    ...tokensOf(ids(left)),
  ];

  it.each([
    ['four of seventy-nine', some(4, 75), 4],
    ['four of eighty are one of twenty', some(4, 76), 0],
    ['three are people who disconnect', some(3, 0), 0],
    ['four, an hour ago', some(4, 4, start - hour), 0],
    ['four, a millisecond later', some(4, 4, start - hour + 1), 4],
  ])('%s', (_, tokens, count) => {
    expect(affected(cause, tokens)).toHaveLength(count);
  });

  it('keeps count of all while more vanish', () => {
    const tokens = [
      ...some(4, 4, start - 100 * minute),
      { id: 'late', isGone: true, goneAtMs: start - 1 },
    ];
    expect(affected(cause, tokens)).toEqual([]);
    expect(affected(cause, tokens, refreshed, { previous: opened() })).toHaveLength(5);
  });

  it('does not call them repaired when no more vanish', () => {
    const finding = findIn(cause, pollAt({ tokens: some(4, 4, start - 2 * hour) })) as Seen;
    expect(finding.affected).toEqual([]);
    expect(finding.whereabouts('gone-0')).toBe('gone');
    expect(finding.whereabouts('token-0')).toBe('repaired');
  });
});

describe('sources', () => {
  it('are down apart: that of the tokens, and the further ones', () => {
    const tokensDown = pollAt({ isSourceDown: true });
    expect(findIn('source_down', tokensDown)).toMatchObject({
      affected: [{ id: 'fathom:tokens' }],
      detail: 'fathom:tokens: it is gone.',
    });
    expect(findIn('further_source_down', tokensDown)).toMatchObject({ affected: [] });
    const logDown = pollAt({ isFurtherSourceDown: true });
    expect(findIn('source_down', logDown)).toMatchObject({ affected: [] });
    expect(findIn('further_source_down', logDown)).toMatchObject({
      affected: [{ id: 'fathom:cron_job_logs' }],
      outOf: 1,
    });
  });
});

describe('journals', () => {
  it('that are unusable are known once they were tried', () => {
    const poll = pollAt({});
    expect(findIn('journal_unusable', poll)).toEqual({ seen: false });
    expect(findIn('journal_unusable', poll, { journalProblem: null })).toMatchObject({
      affected: [],
    });
    expect(findIn('journal_unusable', poll, { journalProblem: 'no room' })).toMatchObject({
      affected: [{ id: 'journal' }],
      detail: 'It says: no room.',
    });
  });

  const silent = { journalId: 'j', host: 'old-host', unseenMs: hour, claims: 2 };

  it('that nobody runs are told with their host', () => {
    expect(findIn('journal_silent', pollAt({ silentJournals: [silent] }))).toMatchObject({
      affected: [{ id: 'j', subject: 'old-host' }],
      detail: 'old-host: 2 claimed.',
    });
  });

  it('are not found again by a process that has just started, while their old claims stand', () => {
    const held = (claimedAtMs: number | null) =>
      pollAt({ tokens: [{ id: 'a', claimedBy: claimedAtMs === null ? null : 'j', claimedAtMs }] });
    const previous = opened(['j']);
    const ofHeld = (claimedAtMs: number | null) =>
      findIn('journal_silent', held(claimedAtMs), { previous }) as Seen;
    expect(ofHeld(start - hour - 1).affected).toMatchObject([{ id: 'j' }]);
    expect(ofHeld(start - hour).affected).toEqual([]);
    expect(ofHeld(null).affected).toEqual([]);
  });
});

/** A poll that read these sources beside the tokens, and found this. */
function pollBeside(
  sources: Readonly<Record<string, boolean>>,
  provider: Partial<ProviderAssessment> = {},
  cron: CronAssessment | null = null,
): Poll {
  const { assessment, memories } = pollAt({ tokens: tokensOf(ids(2)), provider });
  const read = Object.entries(sources).map(([name, up]) => [name, sourceOf(name, { up })] as const);
  return {
    memories,
    assessment: { ...assessment, cron, sources: new Map([...assessment.sources, ...read]) },
  };
}

describe('cron_job_failing', () => {
  const cron = cronOf();
  const seen = { 'cron:jobs': true, 'cron:runs': true };

  it('are jobs that fail, were missed or are gone, each once', () => {
    expect(findIn('cron_job_failing', pollBeside(seen, {}, cron))).toMatchObject({
      affected: [{ id: 'night "watch"' }, { id: 'gone' }],
      outOf: 3,
      detail:
        'night "watch": missed 2 runs. night "watch": its last run failed: connection failed. gone: it is not scheduled any more.',
    });
  });

  it.each([
    ['jobs that are well', cron.jobs.slice(0, 1)],
    ['no jobs at all', []],
  ])('are none with %s', (_, jobs) => {
    const poll = pollBeside(seen, {}, { ...cron, jobs });
    expect(findIn('cron_job_failing', poll)).toMatchObject({ seen: true, affected: [] });
  });

  it.each([
    ['the jobs', { ...seen, 'cron:jobs': false }],
    ['their runs', { ...seen, 'cron:runs': false }],
    ['anything of pg_cron', {}],
  ])('say nothing where the poll could not see %s', (_, sources) => {
    expect(findIn('cron_job_failing', pollBeside(sources, {}, cron))).toEqual({ seen: false });
  });

  it('says of a job that is forgotten that it is gone', () => {
    const finding = findIn('cron_job_failing', pollBeside(seen, {}, cron)) as Seen;
    expect(finding.whereabouts('fathom-hourly-sync')).toBe('repaired');
    expect(finding.whereabouts('forgotten')).toBe('gone');
  });
});

describe('cron_job_misconfigured', () => {
  it('is a job whose own log says so, where the log was read', () => {
    const found = (up: boolean) =>
      findIn('cron_job_misconfigured', pollBeside({ 'fathom:job_log': up }, {}, cronOf()));
    expect(found(true)).toMatchObject({
      affected: [{ id: 'fathom_cron_sync_v2' }],
      detail:
        'fathom_cron_sync_v2: it runs and does nothing, since its configuration is missing: Supabase configuration missing.',
    });
    expect(found(false)).toEqual({ seen: false });
  });
});

describe('webhooks_impaired', () => {
  const withProblems = (problems: readonly WebhookProblem[], up = true) =>
    findIn(
      'webhooks_impaired',
      pollBeside(
        { 'fathom:webhook_arrivals': up },
        { webhooks: { arrivals: null, events: null, problems } },
      ),
    );

  it.each([
    ['silence', ['silent'] as const, 1],
    ['a delay that a job explains', ['delayed', 'carried_by_cron'] as const, 1],
    ['events that fail', ['failing'] as const, 1],
    ['a job alone that carries them', ['carried_by_cron'] as const, 0],
    ['no problem', [], 0],
  ])('with %s', (_, problems, count) => {
    expect((withProblems(problems) as Seen).affected).toHaveLength(count);
  });

  it('is not known where nothing could be read', () => {
    expect(withProblems(['silent'], false)).toEqual({ seen: false });
  });
});

describe('syncs', () => {
  const lagOf = (overdue: number) => ({
    syncs: {
      maxLagMs: null,
      lagging: { '1h': 0, '6h': 0, '24h': 0, '7d': 0 },
      overdue,
      lastSuccess: [],
    },
  });

  it.each([
    [0, []],
    [1, [{ id: 'fathom' }]],
  ])('are overdue from the first on: %i', (overdue, expected) => {
    const poll = pollBeside({}, lagOf(overdue));
    expect(findIn('syncs_overdue', poll)).toMatchObject({ seen: true, affected: expected });
  });

  const idle = 'A likely cause: ';
  const misconfigured =
    'fathom_cron_sync_v2: it runs and does nothing, since its configuration is missing: Supabase configuration missing.';
  it.each([
    ['their log', { 'fathom:job_log': true }, idle + misconfigured],
    ['pg_cron', { 'cron:jobs': true, 'cron:runs': true }, `${idle}fathom-nightly: missed a run.`],
    ['neither', { 'fathom:job_log': false, 'cron:jobs': true, 'cron:runs': false }, null],
  ])('and tokens lapse with what is wrong with their jobs by %s', (_, sources, cause) => {
    const cron = cronOf();
    const [job] = cron.jobs;
    const missed = { expectedAtMs: start, runs: 1 };
    const jobs = [...cron.jobs, { ...job!, name: 'fathom-nightly', missed }];
    const poll = pollBeside(sources, lagOf(1), { ...cron, jobs });
    const detail = (told: string) => [told, ...(cause === null ? [] : [cause])].join(' ');
    expect(findIn('syncs_overdue', poll)).toMatchObject({ detail: detail('Overdue now: 1.') });
    expect(findIn('tokens_unattended', poll)).toMatchObject({
      detail: detail('Expired already: 0. Without a refresh token: 0.'),
    });
    expect(findIn('expiry_cliff', poll)).toMatchObject({
      detail: detail('The first expires in 0 d 0 h.'),
    });
  });

  it('that could not be read are no evidence', () => {
    const poll = pollAt({ isFurtherSourceDown: true, provider: lagOf(0) });
    expect(findIn('syncs_overdue', poll)).toEqual({ seen: false });
  });

  it('are judged although webhooks can not be read', () => {
    const poll = pollBeside({ 'fathom:webhook_events': false }, lagOf(1));
    expect(findIn('syncs_overdue', poll)).toMatchObject({ affected: [{ id: 'fathom' }] });
  });

  it('fail for their token where the token is the reason, and no other', () => {
    const [auth, reauthorize, quota] = (['auth', 'reauthorize', 'quota'] as const).map(
      (reason) => ({ subject: `user of ${reason}`, atMs: start, reason }),
    );
    const byReason = {
      reauthorize: 1,
      auth: 1,
      rate_limited: 0,
      configuration: 0,
      quota: 1,
      benign: 0,
      other: 0,
    };
    const byToken = new Map([
      ['a', auth!],
      ['b', reauthorize!],
      ['c', quota!],
    ]);
    const poll = pollBeside({}, { syncFailures: { byReason, byToken } });
    expect(findIn('syncs_failing_for_auth', poll)).toMatchObject({
      affected: [
        { id: 'a', subject: 'user of auth' },
        { id: 'b', subject: 'user of reauthorize' },
      ],
      outOf: 2,
    });
  });
});
