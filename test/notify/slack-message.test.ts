import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Notice } from '../../src/notify/notice.js';
import { noticeKinds, severities } from '../../src/notify/notice.js';
import { formatPlainMessage } from '../../src/notify/plain-message.js';
import { formatNotice, formatNoticeAsText } from '../../src/notify/slack-message.js';
import { testMessage } from '../../src/notify/test-message.js';
import { slackProblems } from '../support/slack-limits.js';
import { links, noLinks, noticeOf, openedAtMs } from './notices.js';

const options = { links, mention: '<!here>' };

/** All text of the blocks, as one. */
function blocksText(notice: Notice, mention: string | null = '<!here>'): string {
  return JSON.stringify(formatNotice(notice, { links, mention }).blocks);
}

describe('the title', () => {
  it.each([
    ['open', '🔴 OPEN fathom: 30 of 300 grants are dead'],
    ['update', '🔴 UPDATE fathom: 30 of 300 grants are dead'],
    ['reminder', '🔴 REMINDER fathom: 30 of 300 grants are dead'],
    ['recovered', '🟢 RECOVERED fathom: 30 of 300 grants are dead'],
  ] as const)('of %s has its state word, and is the first line of the text', (kind, title) => {
    const message = formatNotice(noticeOf({ kind }), options);
    expect(message.blocks[0]).toMatchObject({ type: 'header', text: { text: title } });
    expect(message.text.split('\n')[0]).toBe(title);
  });

  it('names no provider where there is none', () => {
    const notice = noticeOf({ provider: null, severity: 'warning', title: 'the database is away' });
    expect(formatNotice(notice, options).text.split('\n')[0]).toBe('🟠 OPEN the database is away');
  });

  it('says RECOVERED only when it is over', () => {
    for (const kind of noticeKinds.filter((each) => each !== 'recovered')) {
      expect(JSON.stringify(formatNotice(noticeOf({ kind }), options))).not.toContain('RECOVERED');
    }
  });
});

describe('a message', () => {
  it('reads well as plain text', () => {
    const accounts = noticeOf().accounts.slice(0, 2);
    expect(formatPlainMessage(noticeOf({ accounts }), links)).toBe(
      `🔴 OPEN fathom: 30 of 300 grants are dead
Fathom refused the refresh tokens of these users twice (invalid_grant). Their syncs have stopped, and no refresh can bring them back.
Next: Ask these users to connect Fathom again.
Since 2025-11-27 08:12 UTC (critical, 30 of 300 affected)
Affected: j***@e***.com (7f3a91c2-0000-4000-8000-000000000000), j***@e***.com (7f3a91c2-0000-4000-8000-000000000001) and 28 more
Status: https://tokens.example.com/
Runbook: https://github.com/oauth-token-exporter/oauth-token-exporter/blob/main/docs/runbook.md#oauthgrantsdead
Dashboard: https://grafana.example.com/d/oauth-tokens
Reconnect page: https://app.example.com/integrations?provider=fathom`,
    );
  });

  it('says how many there were when people were last told', () => {
    const notice = noticeOf({ kind: 'update', affected: 45, previouslyAffected: 30 });
    expect(blocksText(notice)).toContain('45 of 300, was 30');
    expect(formatPlainMessage(notice, links)).toContain('45 of 300, was 30 affected');
  });

  it('counts nobody where a whole provider is concerned', () => {
    const notice = noticeOf({ affected: 1, outOf: null, accounts: [] });
    expect(blocksText(notice)).not.toContain('Affected');
    expect(formatPlainMessage(notice, links)).not.toContain('affected');
  });

  it('says how long it lasted, and what proves that it is over', () => {
    const notice = noticeOf({
      kind: 'recovered',
      atMs: openedAtMs + 125 * 60_000,
      nextStep: 'Every grant was used with success in two polls.',
    });
    expect(blocksText(notice)).toContain('*Lasted*\\n2 h 5 min');
    expect(blocksText(notice)).toContain('*What proves it*\\nEvery grant');
    const plain = formatPlainMessage(notice, links);
    expect(plain).toContain('over after 2 h 5 min');
    expect(plain).toContain('Proof: Every grant');
    expect(plain).not.toContain('Reconnect');
  });

  it('shows the time in the time zone of the reader, with a fallback', () => {
    expect(blocksText(noticeOf())).toContain(
      `<!date^${String(openedAtMs / 1000)}^{date_short_pretty} at {time}|2025-11-27 08:12 UTC>`,
    );
  });

  it.each([
    ['open', 'critical', true],
    ['reminder', 'critical', true],
    ['update', 'critical', false],
    ['recovered', 'critical', false],
    ['open', 'warning', false],
    ['open', 'info', false],
  ] as const)('of %s, %s: it mentions somebody: %s', (kind, severity, mentions) => {
    const notice = noticeOf({ kind, severity });
    expect(blocksText(notice).includes('<!here>')).toBe(mentions);
    expect(formatNoticeAsText(notice, options).text.startsWith('<!here> ')).toBe(mentions);
  });

  it('mentions nobody when nobody is configured', () => {
    expect(blocksText(noticeOf(), null)).not.toContain('<!here>');
  });

  it('has a button for what is configured, and for nothing else', () => {
    const buttonsOf = (with_: typeof links) =>
      formatNotice(noticeOf(), { links: with_, mention: null })
        .blocks.filter((block) => block.type === 'actions')
        .flatMap(({ elements }) => elements.map((element) => 'url' in element && element.url));
    expect(buttonsOf(links)).toHaveLength(4);
    expect(buttonsOf(noLinks)).toEqual([`${links.runbook}#oauthgrantsdead`]);
  });

  it.each([
    [0, 30, 'and 30 more', false],
    [10, 10, ' more', false],
    [10, 11, 'and 1 more', true],
    [10, 50_000, 'and 49990 more', true],
  ])('with %i accounts of %i affected', (named, affected, words, present) => {
    const accounts = noticeOf().accounts.slice(0, named);
    expect(blocksText(noticeOf({ accounts, affected })).includes(words)).toBe(present);
  });

  it('names ten accounts at most', () => {
    const accounts = Array.from({ length: 50 }, (_, index) => ({
      subject: `user-${String(index)}`,
      account: null,
    }));
    const text = blocksText(noticeOf({ accounts, affected: 50 }));
    expect(text).toContain('user-9');
    expect(text).not.toContain('user-10');
    expect(text).toContain('and 40 more');
  });
});

/** Every text in blocks, wherever it is. */
function textsOf(value: unknown): string[] {
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, each]) =>
    key === 'text' && typeof each === 'string' ? [each] : textsOf(each),
  );
}

const hostile = [
  '<!channel>',
  '<!here|x>',
  '<@U012345>',
  '<https://evil.example.com|click>',
  '&lt;!channel&gt;',
  '`code`',
  '```',
  '\u202Etxt.exe',
  'a\u0000b\u001b[2Jc',
  'line\nbreak\u2028and',
  '&'.repeat(5_000),
  '👩‍👩‍👧‍👦'.repeat(2_000),
  'e' + '\u0301'.repeat(10_000),
  '\ud800',
  '"'.repeat(5_000),
  '\\'.repeat(5_000),
  '',
];

describe('a message with hostile data', () => {
  const text = fc.oneof(fc.constantFrom(...hostile), fc.string({ unit: 'binary' }), fc.string());
  const notices = fc.record({
    kind: fc.constantFrom(...noticeKinds),
    incidentId: text,
    provider: fc.option(text),
    cause: text,
    severity: fc.constantFrom(...severities),
    title: text,
    explanation: text,
    nextStep: text,
    runbook: text,
    openedAtMs: fc.oneof(fc.constant(openedAtMs), fc.integer(), fc.constant(Number.MAX_VALUE)),
    atMs: fc.integer(),
    affected: fc.constantFrom(0, 1, 10, 50_000),
    outOf: fc.option(fc.constant(1_000_000)),
    previouslyAffected: fc.option(fc.nat()),
    accounts: fc.array(fc.record({ subject: text, account: fc.option(text) }), { maxLength: 12 }),
  });

  it('keeps every limit and the structure that Slack wants', () => {
    fc.assert(
      fc.property(notices, (notice) => {
        const problems = [
          ...slackProblems(formatNotice(notice, options)),
          ...slackProblems(formatNoticeAsText(notice, options)),
        ];
        return problems.length === 0 || expect.fail(problems.join('; '));
      }),
      { numRuns: 300 },
    );
    expect(slackProblems(formatNotice(noticeOf(), options))).toEqual([]);
  });

  it('never lets data mention somebody, become a link, turn the direction or end a code span', () => {
    fc.assert(
      fc.property(notices, (notice) => {
        const message = formatNotice(notice, { links, mention: null });
        const formatted = [message.text, ...textsOf(message.blocks)];
        const tokens = formatted.flatMap((each) => each.match(/<[^>]*>?/g) ?? []);
        expect(tokens.filter((token) => !/^<!date\^-?\d+\^[^<]*>$/.test(token))).toEqual([]);
        for (const each of formatted) expect(each.split('`').length % 2).toBe(1);
        expect(JSON.stringify(message)).not.toMatch(/[\u202a-\u202e\u2066-\u2069]|\\u00[01]/);
      }),
      { numRuns: 300 },
    );
  });

  it('shows them as they are', () => {
    const accounts = [{ subject: '<!channel>', account: 'a`b\u202Ec@example.com' }];
    const text = blocksText(noticeOf({ accounts, affected: 1 }));
    expect(text).toContain("`a'b\u{fffd}c@example.com`  `&lt;!channel&gt;`");
  });
});

describe('the checks of these tests', () => {
  it.each([
    [
      'a header that is too long',
      { type: 'header', text: { type: 'plain_text', text: 'x'.repeat(151) } },
    ],
    ['an empty section', { type: 'section', text: { type: 'mrkdwn', text: '' } }],
    [
      'a section that is too long',
      { type: 'section', text: { type: 'mrkdwn', text: 'x'.repeat(3_001) } },
    ],
    [
      'a section of eleven fields',
      {
        type: 'section',
        fields: Array.from({ length: 11 }, () => ({ type: 'mrkdwn', text: 'x' })),
      },
    ],
    ['an unknown type', { type: 'headline', text: { type: 'plain_text', text: 'x' } }],
    ['mrkdwn in a header', { type: 'header', text: { type: 'mrkdwn', text: 'x' } }],
    ['no actions', { type: 'actions', elements: [] }],
  ])('see %s', (_, block) => {
    expect(slackProblems({ text: 'x', blocks: [block] })).not.toEqual([]);
  });

  it('see a message without text, and one that is too long', () => {
    expect(slackProblems({ blocks: [] })).toContain('no_text');
    expect(slackProblems({ text: 'x'.repeat(4_001) })).not.toEqual([]);
  });
});

describe('the test message', () => {
  it('is one that Slack takes and nobody takes for an incident', () => {
    const message = testMessage('payments', '1.2.3');
    expect(slackProblems(message)).toEqual([]);
    expect(message.text).toMatch(/^🧪 TEST/);
    expect(message.text).not.toMatch(/OPEN|UPDATE|REMINDER|RECOVERED/);
  });
});
