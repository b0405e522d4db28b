import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { NotifyConfig } from '../../src/config/notify-config.js';
import { planDelivery } from '../../src/notify/delivery-plan.js';
import { isNotice } from '../../src/notify/is-notice.js';
import { noticeKinds, severities } from '../../src/notify/notice.js';
import type { Notice } from '../../src/notify/notice.js';
import { routeNotice } from '../../src/notify/route-notice.js';
import type { PendingMessage } from '../../src/store/outbox.js';
import type { WebhookState } from '../../src/store/webhooks.js';
import { noLinks, noticeOf } from './notices.js';

const webhook = (name: string) => ({ name, url: `https://slack.example.com/${name}` });

function configOf(names: readonly string[], routes: NotifyConfig['routes'] = []): NotifyConfig {
  return {
    webhooks: names.map(webhook),
    routes,
    accounts: 'masked',
    mention: null,
    links: noLinks,
    heartbeatUrl: null,
  };
}

describe('a route', () => {
  const routes = [
    { providers: ['fathom'], severities: ['critical'], webhook: 'first' },
    { providers: [], severities: ['critical', 'warning'], webhook: 'second' },
    { providers: ['google'], severities: [], webhook: 'absent' },
  ];
  const config = configOf(['slack', 'first', 'second'], routes);

  it.each([
    ['fathom', 'critical', 'first'],
    ['fathom', 'warning', 'second'],
    ['hubspot', 'critical', 'second'],
    [null, 'critical', 'second'],
    [null, 'info', 'slack'],
    ['fathom', 'info', 'slack'],
    ['google', 'info', undefined],
  ] as const)('of %s, %s leads to %s', (provider, severity, name) => {
    expect(routeNotice({ provider, severity }, config)?.name).toBe(name);
  });

  it('leads to the log where nothing is configured', () => {
    expect(routeNotice(noticeOf(), configOf([]))).toBeNull();
    expect(routeNotice(noticeOf(), configOf(['slack-fallback']))).toBeNull();
  });
});

const message = (id: string, notice: unknown = noticeOf()): PendingMessage => ({
  id,
  incidentId: id,
  notice,
  attempts: 0,
  failingSinceMs: null,
  plain: false,
});

const idle: WebhookState = {
  fingerprint: '',
  waitMs: 0,
  leasedByOther: false,
  failures: 0,
  latchDetail: null,
};

/** The plan for messages, with webhooks in these states by name; others were never used. */
function plan(
  messages: readonly PendingMessage[],
  states: Readonly<Record<string, Partial<WebhookState>>> = {},
  config = configOf(['slack', 'slack-fallback']),
) {
  const stateOf = ({ name }: { name: string }) => {
    const state = states[name];
    return state === undefined ? null : { ...idle, ...state };
  };
  const { sends, ...rest } = planDelivery(messages, stateOf, config);
  return { sends: sends.map((send) => `${send.webhook.name} ${send.messageId}`), ...rest };
}

describe('a plan', () => {
  const two = [message('1'), message('2')];
  const nothing = { sends: [], toLog: [], stranded: [], unreadable: [], waitMs: null };

  it.each([
    ['sends the oldest', {}, { sends: ['slack 1'] }],
    ['waits for the rate', { slack: { waitMs: 700 } }, { waitMs: 700 }],
    ['sends exactly when the wait is over', { slack: { waitMs: 0 } }, { sends: ['slack 1'] }],
    ['leaves it to the other sender', { slack: { leasedByOther: true } }, {}],
    [
      'takes the fallback for a refused one',
      { slack: { latchDetail: '' } },
      { sends: ['slack-fallback 1'] },
    ],
    [
      'waits for the rate of the fallback, too',
      { slack: { latchDetail: 'x' }, 'slack-fallback': { waitMs: 3 } },
      { waitMs: 3 },
    ],
    [
      'strands what neither takes',
      { slack: { latchDetail: 'x' }, 'slack-fallback': { latchDetail: 'x' } },
      { stranded: ['1', '2'] },
    ],
  ])('%s', (_, states, expected) => {
    expect(plan(two, states)).toEqual({ ...nothing, ...expected });
  });

  it('is one message for each webhook', () => {
    const routes = [{ providers: ['google'], severities: [], webhook: 'other' }];
    const messages = [...two, message('3', noticeOf({ provider: 'google' }))];
    expect(plan(messages, {}, configOf(['slack', 'other'], routes)).sends).toEqual([
      'slack 1',
      'other 3',
    ]);
  });

  it('passes over what it cannot read', () => {
    const messages = [message('1', { kind: 'open' }), message('2', null), message('3')];
    expect(plan(messages)).toMatchObject({ unreadable: ['1', '2'], sends: ['slack 3'] });
  });

  it('gives to the log what has no webhook', () => {
    expect(plan(two, {}, configOf([])).toLog.map(({ messageId }) => messageId)).toEqual(['1', '2']);
  });
});

describe('a notice from the outbox', () => {
  const notices = fc.record<Notice>({
    kind: fc.constantFrom(...noticeKinds),
    incidentId: fc.string(),
    provider: fc.option(fc.string()),
    cause: fc.string(),
    severity: fc.constantFrom(...severities),
    title: fc.string(),
    explanation: fc.string(),
    nextStep: fc.string(),
    runbook: fc.string(),
    openedAtMs: fc.nat(),
    atMs: fc.nat(),
    affected: fc.nat(),
    outOf: fc.option(fc.nat()),
    previouslyAffected: fc.option(fc.nat()),
    accounts: fc.array(fc.record({ subject: fc.string(), account: fc.option(fc.string()) })),
  });

  it('is one again after its way through JSON, with what a newer version added', () => {
    fc.assert(
      fc.property(notices, (notice) => {
        const stored = JSON.parse(JSON.stringify({ ...notice, added: [1] })) as unknown;
        expect(isNotice(stored)).toBe(true);
      }),
    );
  });

  it.each(Object.keys(noticeOf()))('is none without %s', (key) => {
    const rest = Object.entries(noticeOf()).filter(([name]) => name !== key);
    expect(isNotice(Object.fromEntries(rest))).toBe(false);
  });

  it.each([
    ['another kind', { kind: 'closed' }],
    ['another severity', { severity: 'urgent' }],
    ['a number for a title', { title: 1 }],
    ['an account without a subject', { accounts: [{ account: null }] }],
  ])('is none with %s', (_, changes) => {
    expect(isNotice({ ...noticeOf(), ...changes })).toBe(false);
  });
});
