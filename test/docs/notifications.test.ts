import { describe, expect, it } from 'vitest';
import { noticeKinds } from '../../src/notify/notice.js';
import type { Notice } from '../../src/notify/notice.js';
import { formatPlainMessage } from '../../src/notify/plain-message.js';
import { loadYaml } from '../config/load-from.js';
import { noLinks, noticeOf, openedAtMs } from '../notify/notices.js';
import { codeBlocks, readDocument } from './markdown.js';

const { text } = readDocument('docs/notifications.md');

const accounts = ['user-1', 'user-2'].map((subject) => ({ subject, account: 'j***@e***.com' }));
const grown = { affected: 45, title: '45 of 300 grants are dead', accounts };

const shown: Readonly<Record<Notice['kind'], Partial<Notice>>> = {
  open: { accounts },
  update: { ...grown, previouslyAffected: 30 },
  reminder: grown,
  recovered: {
    affected: 0,
    accounts: [],
    title: '0 of 300 grants are dead',
    atMs: openedAtMs + 125 * 60_000,
    explanation: "Nobody's grant is dead any more.",
    nextStep: 'Two polls saw every grant alive.',
  },
};

describe('docs/notifications.md', () => {
  it('shows each kind of message as it is', () => {
    expect(codeBlocks(text, 'text').map((block) => block.trim())).toEqual(
      noticeKinds.map((kind) => formatPlainMessage(noticeOf({ kind, ...shown[kind] }), noLinks)),
    );
  });

  it('gives only configurations that load', () => {
    const examples = codeBlocks(text, 'yaml');
    expect(examples).not.toEqual([]);
    for (const yaml of examples) {
      const variables = [...yaml.matchAll(/\$\{(\w+)\}/g)].map(([, name = '']) => name);
      const env = Object.fromEntries(
        variables.map((name) => [name, 'https://slack.example.com/x']),
      );
      expect(loadYaml(yaml, env)).toMatchObject({ ok: true });
    }
  });
});
