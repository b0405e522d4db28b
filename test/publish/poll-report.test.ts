import { describe, expect, it } from 'vitest';
import { nothingKnown } from '../../src/assess/assess.js';
import { noneUnrefreshed } from '../../src/assess/unrefreshed.js';
import type { Assessment } from '../../src/assess/assess.js';
import { assessToken } from '../../src/assess/assessed-token.js';
import type { PollRecord } from '../../src/publish/metrics.js';
import { formatPollReport } from '../../src/publish/poll-report.js';
import { tokenMemoryOf } from '../assess/token-memory-of.js';
import {
  afterFailure,
  assessmentOf,
  failedPoll,
  goodPoll,
  incident,
  providerOf,
  sourceOf,
} from './assessments.js';

const good = assessmentOf({ fathom: providerOf() }, [sourceOf('fathom:tokens')]);

/** At the default interval. */
const report = (latest: Assessment, poll: PollRecord, previous: Assessment) =>
  formatPollReport(latest, poll, previous, 30_000);

describe('the log line of a poll', () => {
  it('is short in good times', () => {
    expect(report(good, goodPoll, good)).toEqual({
      level: 'info',
      message: 'poll succeeded',
      fields: { durationMs: 42, tokens: { fathom: 0 } },
    });
  });

  it('says what is wrong with the database and what to do', () => {
    expect(report(afterFailure(good), failedPoll, good)).toEqual({
      level: 'warn',
      message:
        'poll failed: nothing listens at db.example.com:5432. Start the database, or check host ' +
        'and port in DATABASE_URL.',
      fields: { reason: 'unreachable', durationMs: 4500 },
    });
  });

  it('says which sources are down, with the statement to paste as it stands', () => {
    const poll = { ...goodPoll, failureReason: 'source' } as const;
    const { level, message, fields } = report(incident, poll, incident);
    expect(level).toBe('warn');
    expect(message).toBe(
      'poll incomplete: google:tokens: the role monitor may not read expires_at of ' +
        'public.google_integrations. GRANT SELECT (expires_at) ON public.google_integrations TO monitor;',
    );
    expect(fields).toEqual({
      reason: 'source',
      durationMs: 42,
      tokens: { fathom: 7, google: 1 },
      paused: { fathom: 'breaker (server_error)' },
    });
  });

  it('says what keeps tokens from being refreshed in time, with its numbers', () => {
    const pause = { sinceMs: null, untilMs: null } as const;
    const held = assessmentOf({
      fathom: providerOf({
        pauses: [
          { ...pause, reason: 'retry_after', failure: null },
          { ...pause, reason: 'configuration', failure: 'invalid_client' },
        ],
        demand: {
          feasible: false,
          shortage: 'steady',
          neededPerMinute: 166.7,
          allowedPerMinute: 60,
        },
      }),
      google: providerOf({
        pauses: [],
        demand: { feasible: true, neededPerMinute: 1, allowedPerMinute: 60 },
      }),
    });
    expect(report(held, goodPoll, held).fields).toEqual({
      durationMs: 42,
      tokens: { fathom: 0, google: 0 },
      paused: { fathom: 'retry_after, configuration (invalid_client)' },
      rates: { fathom: 'needs 170/min, allowed 60' },
    });
  });

  it.each([
    ['a millisecond shorter than four polls', 119_999, { polledTooSeldom: { fathom: 1 } }],
    ['exactly four polls', 120_000, {}],
  ])('counts a token that lives %s where that is too short', (_, lifetimeMs, expected) => {
    const row = {
      id: 't',
      subject: null,
      account: null,
      active: true,
      currentFingerprint: null,
      syncAuthFailedAtMs: null,
    };
    const token = assessToken(
      {
        name: 'fathom',
        declaredLifetimeMs: null,
        expiringSoonMs: 604_800_000,
        refresh: null,
        syncs: null,
      },
      { ...row, expiresAtMs: 0, hasRefreshToken: true },
      tokenMemoryOf({ observedLifetimesMs: [lifetimeMs] }),
      0,
      30_000,
    );
    const grants = { live: 1, at_risk: 0, dead: 0, disabled: 0, unknown: 0 };
    const latest = assessmentOf({
      fathom: providerOf({
        grants: {
          grants,
          falselyDeactivated: 0,
          overdue: 0,
          due: [],
          tokens: [token],
          active: [token],
          unrefreshed: noneUnrefreshed,
        },
      }),
    });
    expect(report(latest, goodPoll, latest).fields).toEqual({
      durationMs: 42,
      tokens: { fathom: 0 },
      ...expected,
    });
  });

  it('tells that it works again', () => {
    const { message } = report(good, goodPoll, afterFailure(good));
    expect(message).toBe('poll succeeded again');
    expect(report(good, goodPoll, incident).message).toBe('poll succeeded again');
    expect(report(good, goodPoll, nothingKnown).message).toBe('poll succeeded');
  });

  it('tells of what only informs when it changes, and not again', () => {
    const informed = assessmentOf({}, [
      sourceOf('fathom:tokens', { notes: ["column email can't be read, so it is not shown"] }),
      sourceOf('fathom:cron_job_logs', { state: 'absent', up: null }),
    ]);
    expect(report(informed, goodPoll, nothingKnown).fields).toEqual({
      durationMs: 42,
      sources: {
        'fathom:tokens': "ok; column email can't be read, so it is not shown",
        'fathom:cron_job_logs': 'absent',
      },
    });
    expect(report(informed, goodPoll, informed).fields).toEqual({ durationMs: 42 });
  });
});
