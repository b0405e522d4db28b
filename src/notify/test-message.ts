import type { HeaderBlock, SectionBlock } from '@slack/types';
import type { SlackMessage } from './slack-message.js';

/** A message that nobody takes for an incident. */
export function testMessage(webhook: string, version: string): SlackMessage {
  const title = '🧪 TEST of oauth-token-exporter';
  const body =
    `Nothing is wrong. Somebody ran \`notify test\` to see that messages over the webhook ` +
    `\`${webhook}\` arrive here (version ${version}).`;
  return {
    text: `${title}\n${body}`,
    blocks: [
      {
        type: 'header',
        text: { type: 'plain_text', text: title, emoji: true },
      } satisfies HeaderBlock,
      { type: 'section', text: { type: 'mrkdwn', text: body } } satisfies SectionBlock,
    ],
  };
}
