import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { until } from './until.js';

/** A message as Alertmanager sends it to Slack: attachments, not blocks. */
export interface SlackAttachmentMessage {
  readonly attachments: readonly {
    readonly title: string;
    readonly title_link: string;
    readonly text: string;
    readonly fallback: string;
    readonly color: string;
    readonly mrkdwn_in: readonly string[];
  }[];
}

export interface SlackRecorder {
  /** Address of the webhook. */
  readonly url: string;
  /** All messages so far, in the order they came. */
  readonly messages: readonly SlackAttachmentMessage[];
  /** Waits for the message at `index`. */
  message(index: number, withinMs?: number): Promise<SlackAttachmentMessage['attachments'][number]>;
  /**
   * Waits for a message with this title. Of alerts that are posted together Alertmanager may send the
   * first alone, when they began long ago.
   */
  titled(title: string): Promise<SlackAttachmentMessage['attachments'][number]>;
  readonly stop: () => Promise<void>;
}

/** A Slack webhook on loopback that takes every message and answers as Slack does. */
export async function startSlackRecorder(): Promise<SlackRecorder> {
  const messages: SlackAttachmentMessage[] = [];
  const server = createServer((request, response) => {
    void text(request).then((body) => {
      messages.push(JSON.parse(body) as SlackAttachmentMessage);
      response.end('ok');
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}/services/T0/B0/secret`,
    messages,
    async message(index, withinMs = 15_000) {
      const what = `message ${index} came to Slack`;
      const message = await until(what, () => messages[index], { withinMs });
      if (message.attachments.length !== 1) throw new Error(JSON.stringify(message));
      return message.attachments[0]!;
    },
    titled(title) {
      const all = () => messages.flatMap(({ attachments }) => attachments);
      const find = () => all().find((attachment) => attachment.title === title);
      return until(`"${title}" came to Slack`, find, { withinMs: 15_000 });
    },
    async stop() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}
