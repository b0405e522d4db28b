import { describe, expect, it } from 'vitest';
import type { WatchNotice } from '../../src/watch/checkpoints.js';
import { isNotice } from '../../src/notify/is-notice.js';
import { titleOf } from '../../src/notify/notice-words.js';
import { formatNotice } from '../../src/notify/slack-message.js';
import { watchMessage } from '../../src/watcher/watch-message.js';

const noticeOf = (facts: Partial<WatchNotice> = {}): WatchNotice => ({
  watchId: 7,
  kind: 'checkpoint',
  verdict: 'RUNNING',
  providers: ['fathom'],
  startedAtMs: Date.UTC(2025, 10, 29),
  atMs: Date.UTC(2025, 10, 29, 12),
  title: 'Stability watch 7: 12 h of 48 h, no violation so far',
  lines: ['100 % of the polls seen', '3 refreshes, none failed'],
  ...facts,
});

describe('a message of a watch', () => {
  it.each([
    ['RUNNING', 'update', 'info', '🔵 UPDATE'],
    ['STABLE', 'recovered', 'info', '🟢 RECOVERED'],
    ['UNSTABLE', 'open', 'critical', '🔴 OPEN'],
    ['INCONCLUSIVE', 'update', 'warning', '🟠 UPDATE'],
  ] as const)('that is %s is told as %s, %s', (verdict, kind, severity, words) => {
    const message = watchMessage(noticeOf({ verdict }));
    expect(message).toMatchObject({ kind, severity });
    expect(titleOf(message)).toMatch(new RegExp(`^${words} fathom: Stability watch 7`));
    expect(isNotice(JSON.parse(JSON.stringify(message)))).toBe(true);
  });

  it('has one id for all messages of its watch, so that they arrive in order', () => {
    const ids = [noticeOf(), noticeOf({ kind: 'end', verdict: 'STABLE' })].map(
      (notice) => watchMessage(notice).incidentId,
    );
    expect(new Set(ids)).toEqual(new Set(['watch-7']));
    expect(watchMessage(noticeOf({ watchId: 8 })).incidentId).toBe('watch-8');
  });

  it('belongs to its provider where there is one, and to none where there are several', () => {
    expect(watchMessage(noticeOf()).provider).toBe('fathom');
    expect(watchMessage(noticeOf({ providers: ['fathom', 'google'] })).provider).toBeNull();
  });

  it('calls somebody when UNSTABLE, and offers no silence that silence would refuse', () => {
    const links = {
      statusPage: null,
      runbook: 'https://r.example/',
      dashboard: null,
      reconnect: null,
    };
    const { text, blocks } = formatNotice(watchMessage(noticeOf({ verdict: 'UNSTABLE' })), {
      links,
      mention: '<!here>',
    });
    expect(text).toContain('100 % of the polls seen');
    expect(JSON.stringify(blocks)).toContain('<!here>');
    expect(JSON.stringify(blocks)).not.toContain('to silence it');
  });
});
