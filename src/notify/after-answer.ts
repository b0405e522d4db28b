import type { SlackAnswer } from './slack-answer.js';

/** What becomes of a message, and of the webhook it was sent over, after an answer. */
export type NextMove =
  /** Take it out; the webhook is free again after `webhookWaitMs`. */
  | { readonly kind: 'delivered'; readonly webhookWaitMs: number }
  | {
      readonly kind: 'retry';
      readonly messageWaitMs: number;
      readonly webhookWaitMs: number;
      /** The webhook itself failed, so the next failure makes it wait longer. */
      readonly webhookFailed: boolean;
      /** Without its blocks. */
      readonly plain: boolean;
    }
  /** The webhook is not used again until somebody does something about it. */
  | { readonly kind: 'latch'; readonly detail: string }
  /** Slack refused even the plain text: no later try can succeed. */
  | { readonly kind: 'give_up'; readonly webhookWaitMs: number };

/** A webhook is tried at least once a minute while it fails. */
const webhookBackoff = { firstMs: 1_000, longestMs: 60_000 };
/** Longer than the webhook's, so that the next try is another message's, if there is one. */
const messageBackoff = { firstMs: 2_000, longestMs: 15 * 60_000 };

/**
 * Decides what follows from an answer.
 *
 * Both wait: the webhook, because Slack being away is no fault of one message, and the message,
 * because one that always fails must not keep the others back. 429 is the webhook's alone.
 */
export function decideAfterAnswer(
  answer: SlackAnswer,
  message: { readonly attempts: number; readonly plain: boolean },
  webhook: { readonly failures: number; readonly spacingMs: number },
): NextMove {
  const { spacingMs } = webhook;
  if (answer.kind === 'accepted') return { kind: 'delivered', webhookWaitMs: spacingMs };

  const webhookBackoffMs = Math.max(
    spacingMs,
    answer.retryAfterMs ?? backoffMs(webhook.failures, webhookBackoff),
  );
  switch (answer.reason) {
    case 'message_rejected':
      return message.plain
        ? { kind: 'give_up', webhookWaitMs: spacingMs }
        : {
            kind: 'retry',
            messageWaitMs: 0,
            webhookWaitMs: spacingMs,
            webhookFailed: false,
            plain: true,
          };
    case 'webhook_refused':
      return { kind: 'latch', detail: answer.detail };
    case 'rate_limited':
      return {
        kind: 'retry',
        messageWaitMs: 0,
        webhookWaitMs: webhookBackoffMs,
        webhookFailed: true,
        plain: message.plain,
      };
    case 'server_error':
    case 'timeout':
    case 'network':
    case 'unexpected_response':
      return {
        kind: 'retry',
        messageWaitMs: backoffMs(message.attempts, messageBackoff),
        webhookWaitMs: webhookBackoffMs,
        webhookFailed: true,
        plain: message.plain,
      };
  }
}

/** Doubles with every failure. One sender at a time needs no jitter. */
function backoffMs(
  failures: number,
  { firstMs, longestMs }: { readonly firstMs: number; readonly longestMs: number },
): number {
  return Math.min(firstMs * 2 ** Math.min(failures, 20), longestMs);
}
