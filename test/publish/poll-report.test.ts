import { describe, expect, it } from 'vitest';
import { nothingKnown } from '../../src/assess/assess.js';
import { formatPollReport } from '../../src/publish/poll-report.js';
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

describe('the log line of a poll', () => {
  it('is short in good times', () => {
    expect(formatPollReport(good, goodPoll, good)).toEqual({
      level: 'info',
      message: 'poll succeeded',
      fields: { durationMs: 42, tokens: { fathom: 0 } },
    });
  });

  it('says what is wrong with the database and what to do', () => {
    expect(formatPollReport(afterFailure(good), failedPoll, good)).toEqual({
      level: 'warn',
      message:
        'poll failed: nothing listens at db.example.com:5432. Start the database, or check host ' +
        'and port in DATABASE_URL.',
      fields: { reason: 'unreachable', durationMs: 4500 },
    });
  });

  it('says which sources are down, with the statement to paste as it stands', () => {
    const poll = { ...goodPoll, failureReason: 'source' } as const;
    const { level, message, fields } = formatPollReport(incident, poll, incident);
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
    expect(formatPollReport(held, goodPoll, held).fields).toEqual({
      durationMs: 42,
      tokens: { fathom: 0, google: 0 },
      paused: { fathom: 'retry_after, configuration (invalid_client)' },
      rates: { fathom: 'needs 170/min, allowed 60' },
    });
  });

  it('tells that it works again', () => {
    const { message } = formatPollReport(good, goodPoll, afterFailure(good));
    expect(message).toBe('poll succeeded again');
    expect(formatPollReport(good, goodPoll, incident).message).toBe('poll succeeded again');
    expect(formatPollReport(good, goodPoll, nothingKnown).message).toBe('poll succeeded');
  });

  it('tells of what only informs when it changes, and not again', () => {
    const informed = assessmentOf({}, [
      sourceOf('fathom:tokens', { notes: ["column email can't be read, so it is not shown"] }),
      sourceOf('fathom:cron_job_logs', { state: 'absent', up: null }),
    ]);
    expect(formatPollReport(informed, goodPoll, nothingKnown).fields).toEqual({
      durationMs: 42,
      sources: {
        'fathom:tokens': "ok; column email can't be read, so it is not shown",
        'fathom:cron_job_logs': 'absent',
      },
    });
    expect(formatPollReport(informed, goodPoll, informed).fields).toEqual({ durationMs: 42 });
  });
});
