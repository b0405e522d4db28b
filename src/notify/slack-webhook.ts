import { IncomingWebhook } from '@slack/webhook';
import type { IncomingWebhookSendArguments } from '@slack/webhook';
import { explainNetworkFault } from '../refresh/network-fault.js';
import { interpretAnswer } from './slack-answer.js';
import type { HttpAnswer, SlackAnswer } from './slack-answer.js';

/** Longest that a request may take, its answer included. */
export const sendTimeoutMs = 10_000;

/** Slack's answers are words. No more of another one is read. */
const longestBody = 4_096;

/** Text, with or without blocks. */
export type SlackPayload = Pick<IncomingWebhookSendArguments, 'text' | 'blocks'>;

/**
 * Sends one message over a webhook, once. Never throws, and never tells the URL, which is a
 * secret: of what the library throws only names and codes are looked at.
 *
 * The library drops Retry-After and reads answers of any length, so it gets a `fetch` that keeps
 * the answer for us, a redirect too, which is never followed. What it is told itself is only that
 * there was one.
 */
export async function sendToSlack(
  url: string,
  payload: SlackPayload,
  timeoutMs = sendTimeoutMs,
): Promise<SlackAnswer> {
  const answers: HttpAnswer[] = [];
  const webhook = new IncomingWebhook(url, {
    timeout: timeoutMs,
    fetch: async (address, init) => {
      const response = await fetch(address, { ...init, redirect: 'manual' });
      answers.push({
        status: response.status,
        retryAfter: response.headers.get('retry-after'),
        date: response.headers.get('date'),
        body: await readStart(response),
      });
      return new Response();
    },
  });
  try {
    await webhook.send({ ...payload });
  } catch (error) {
    return explainSilence(error, timeoutMs);
  }
  const [answer] = answers;
  return answer === undefined ? explainSilence(null, timeoutMs) : interpretAnswer(answer);
}

/** Reads the beginning of a body; the rest is not waited for. */
async function readStart(response: Response): Promise<string> {
  if (response.body === null) return '';
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of response.body as AsyncIterable<Uint8Array>) {
    chunks.push(chunk);
    length += chunk.length;
    // Leaving the loop cancels the rest.
    if (length >= longestBody) break;
  }
  return Buffer.concat(chunks).subarray(0, longestBody).toString('utf8');
}

/** Why there is no answer, from the names and codes along the chain of causes. */
function explainSilence(error: unknown, timeoutMs: number): SlackAnswer {
  for (let cause = error; cause instanceof Error; cause = cause.cause) {
    if (cause.name === 'TimeoutError') {
      const detail = `no answer within ${String(timeoutMs / 1000)} s`;
      return { kind: 'failed', reason: 'timeout', detail, retryAfterMs: null };
    }
    if ('code' in cause && !String(cause.code).startsWith('slack_')) {
      const { reason, detail } = explainNetworkFault(cause);
      return {
        kind: 'failed',
        reason: reason === 'unparseable_response' ? 'unexpected_response' : reason,
        detail,
        retryAfterMs: null,
      };
    }
  }
  return { kind: 'failed', reason: 'network', detail: 'the request failed', retryAfterMs: null };
}
