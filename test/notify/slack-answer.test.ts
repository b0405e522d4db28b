import { describe, expect, it } from 'vitest';
import { decideAfterAnswer } from '../../src/notify/after-answer.js';
import { notificationFailureReasons } from '../../src/notify/notification-failure.js';
import { interpretAnswer } from '../../src/notify/slack-answer.js';
import type { SlackAnswer } from '../../src/notify/slack-answer.js';

const answered = (status: number, body: string, retryAfter: string | null = null) =>
  interpretAnswer({ status, body, retryAfter, date: null });

describe('an answer of a webhook', () => {
  it.each([
    [200, 'ok'],
    [200, 'ok\n'],
    [204, ''],
    [200, '{"ok":true}'],
  ])('%i %j took the message', (status, body) => {
    expect(answered(status, body)).toEqual({ kind: 'accepted' });
  });

  it.each([
    [200, '<html>', 'unexpected_response'],
    [301, '', 'unexpected_response'],
    [302, '', 'unexpected_response'],
    [400, 'invalid_payload', 'message_rejected'],
    [400, 'invalid_blocks', 'message_rejected'],
    [400, 'no_text', 'message_rejected'],
    [400, 'invalid_blocks: unsupported type', 'message_rejected'],
    [400, '', 'message_rejected'],
    [413, '', 'message_rejected'],
    [400, 'user_not_found', 'webhook_refused'],
    [400, 'channel_not_found', 'webhook_refused'],
    [401, '', 'webhook_refused'],
    [403, 'action_prohibited', 'webhook_refused'],
    [403, 'invalid_token', 'webhook_refused'],
    [403, '<html>', 'webhook_refused'],
    [404, 'no_service', 'webhook_refused'],
    [404, '', 'webhook_refused'],
    [410, 'channel_is_archived', 'webhook_refused'],
    [408, '', 'timeout'],
    [429, 'rate_limited', 'rate_limited'],
    [429, '', 'rate_limited'],
    [500, 'rollup_error', 'server_error'],
    [500, 'no_service', 'server_error'],
    [503, '<html>', 'server_error'],
  ])('%i %j is %s', (status, body, reason) => {
    expect(answered(status, body)).toMatchObject({ kind: 'failed', reason });
  });

  it('is shown to people without what it may have echoed', () => {
    const secret = 'planted-secret-planted-secret-planted-secret';
    const body = `bad webhook /services/T0/B0/${secret}\u001b[2J`;
    const answer = answered(400, body);
    expect(JSON.stringify(answer)).not.toContain(secret);
    expect(JSON.stringify(answer)).not.toContain('\\u001b');
  });

  it.each([
    ['30', 30_000],
    ['0', 0],
    ['soon', null],
    [null, null],
    ['99999999', 3_600_000],
  ])('with Retry-After %j', (retryAfter, retryAfterMs) => {
    expect(answered(429, '', retryAfter)).toMatchObject({ retryAfterMs });
  });
});

const failed = (reason: string, retryAfterMs: number | null = null) =>
  ({ kind: 'failed', reason, detail: 'd', retryAfterMs }) as SlackAnswer;
const message = { attempts: 0, plain: false };
const webhook = { failures: 0, spacingMs: 1_000 };

describe('what follows from an answer', () => {
  it('a delivered message frees the webhook a second later', () => {
    expect(decideAfterAnswer({ kind: 'accepted' }, message, webhook)).toEqual({
      kind: 'delivered',
      webhookWaitMs: 1_000,
    });
  });

  it.each([
    ['rate_limited', 5_000, 0, 5_000],
    ['rate_limited', 10, 0, 1_000],
    ['rate_limited', null, 0, 1_000],
    ['server_error', null, 2_000, 1_000],
    ['server_error', 120_000, 2_000, 120_000],
    ['timeout', null, 2_000, 1_000],
    ['network', null, 2_000, 1_000],
    ['unexpected_response', null, 2_000, 1_000],
  ])('%s, Retry-After %s: the message waits %i, the webhook %i', (reason, after, own, other) => {
    expect(decideAfterAnswer(failed(reason, after), message, webhook)).toEqual({
      kind: 'retry',
      messageWaitMs: own,
      webhookWaitMs: other,
      webhookFailed: true,
      plain: false,
    });
  });

  it.each([
    [0, 2_000, 1_000],
    [1, 4_000, 2_000],
    [5, 64_000, 32_000],
    [6, 128_000, 60_000],
    [9, 900_000, 60_000],
    [2_000, 900_000, 60_000],
  ])('after %i failures both wait longer, within bounds', (count, own, other) => {
    const move = decideAfterAnswer(
      failed('server_error'),
      { attempts: count, plain: true },
      { failures: count, spacingMs: 1_000 },
    );
    expect(move).toMatchObject({ messageWaitMs: own, webhookWaitMs: other, plain: true });
  });

  it('a refused content is sent again as text, at once, and then given up', () => {
    const first = decideAfterAnswer(failed('message_rejected'), message, webhook);
    expect(first).toMatchObject({ kind: 'retry', plain: true, messageWaitMs: 0 });
    const second = decideAfterAnswer(
      failed('message_rejected'),
      { attempts: 1, plain: true },
      webhook,
    );
    expect(second).toMatchObject({ kind: 'give_up' });
  });

  it('a refused webhook is latched', () => {
    expect(decideAfterAnswer(failed('webhook_refused'), message, webhook)).toEqual({
      kind: 'latch',
      detail: 'd',
    });
  });

  it('every reason for which Slack may fail leads somewhere', () => {
    for (const reason of notificationFailureReasons.filter((each) => each !== 'given_up')) {
      expect(decideAfterAnswer(failed(reason), message, webhook)).toHaveProperty('kind');
    }
  });
});
