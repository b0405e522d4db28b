import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { formatDemoMessage } from '../../src/demo/banner.js';
import { startSlackSink } from '../../src/demo/slack-sink.js';
import type { SlackSink } from '../../src/demo/slack-sink.js';
import { noticeKinds } from '../../src/notify/notice.js';
import { formatPlainMessage } from '../../src/notify/plain-message.js';
import { formatNotice } from '../../src/notify/slack-message.js';
import { sendToSlack } from '../../src/notify/slack-webhook.js';
import { links, noticeOf } from '../notify/notices.js';

let sink: SlackSink;
let heard: string[];
beforeEach(async () => {
  heard = [];
  sink = await startSlackSink((text) => heard.push(text));
});
afterEach(() => sink.stop());

const page = async () => (await fetch(sink.pageUrl)).text();
const options = { links, mention: '<!here>' };

describe("the demo's Slack", () => {
  it('takes every kind of message and tells it as plain text', async () => {
    for (const kind of noticeKinds) {
      const notice = noticeOf({ kind, explanation: 'a < b & c' });
      const sent = await sendToSlack(sink.webhookUrl, formatNotice(notice, options));
      expect(sent).toEqual({ kind: 'accepted' });
      expect(heard.at(-1)).toBe(formatPlainMessage(notice, links));
    }
    expect(await page()).toContain('<h2>🔴 OPEN fathom: 30 of 300 grants are dead</h2>');
  });

  it('shows data as text, whatever it is', async () => {
    const accounts = [{ subject: '<!channel>', account: '<script>alert(1)</script>"&amp;' }];
    const notice = noticeOf({ accounts, affected: 1, title: '<img src=x onerror=alert(1)>' });
    await sendToSlack(sink.webhookUrl, formatNotice(notice, options));
    const shown = await page();
    expect(shown).not.toMatch(/<script|<img/);
    expect(shown).toContain('<code>&lt;script&gt;alert(1)&lt;/script&gt;&quot;&amp;amp;</code>');
    expect(shown).toContain('<code>&lt;!channel&gt;</code>');
    expect(shown).toContain('<span class="mention">@here</span>');
  });

  it('links only to http and https', async () => {
    const blocks = [
      {
        type: 'actions' as const,
        elements: [
          {
            type: 'button' as const,
            text: { type: 'plain_text' as const, text: 'Click' },
            url: 'javascript:alert(1)',
          },
        ],
      },
    ];
    await sendToSlack(sink.webhookUrl, { text: 'x', blocks });
    expect(await page()).not.toContain('javascript:');
    expect(await page()).toContain('<span>Click</span>');
  });

  it('refuses what is no message, and does not know other webhooks', async () => {
    expect(await sendToSlack(sink.webhookUrl, {})).toMatchObject({ reason: 'message_rejected' });
    expect(await sendToSlack(`${sink.webhookUrl}x`, { text: 'x' })).toMatchObject({
      reason: 'webhook_refused',
    });
  });

  it('keeps the last hundred messages', async () => {
    for (let index = 0; index < 101; index += 1) {
      await sendToSlack(sink.webhookUrl, { text: `message ${String(index)};` });
    }
    const shown = await page();
    expect(shown).not.toContain('message 0;');
    expect(shown).toContain('message 1;');
    expect(shown.indexOf('message 100;')).toBeLessThan(shown.indexOf('message 99;'));
  });
});

describe('a message between the lines of the log', () => {
  it('stands apart', () => {
    expect(formatDemoMessage('🔴 OPEN\nwhy')).toBe(
      '\n  ┌ a message to Slack\n  │ 🔴 OPEN\n  │ why\n  └\n\n',
    );
  });
});
