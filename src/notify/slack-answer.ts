import { parseRetryAfter } from '../refresh/retry-after.js';
import { safeText } from '../refresh/safe-text.js';
import type { NotificationFailureReason } from './notification-failure.js';

/** What a webhook answered. `detail` is for people and holds nothing of the URL. */
export type SlackAnswer =
  | { readonly kind: 'accepted' }
  | {
      readonly kind: 'failed';
      readonly reason: Exclude<NotificationFailureReason, 'given_up'>;
      readonly detail: string;
      /** How long Slack wants to be left alone; null: it did not say. */
      readonly retryAfterMs: number | null;
    };

/** An answer over HTTP, its body as far as it was read. */
export interface HttpAnswer {
  readonly status: number;
  readonly retryAfter: string | null;
  readonly date: string | null;
  readonly body: string;
}

/** What Slack says of a webhook that will never work again, whatever its status code is. */
const permanentWords: Readonly<Record<string, string>> = {
  action_prohibited: 'an administrator of the workspace forbids it',
  channel_is_archived: 'its channel is archived',
  channel_not_found: 'its channel is gone',
  invalid_token: 'it was revoked',
  no_active_hooks: 'it was removed',
  no_service: 'it was removed or never existed',
  no_service_id: 'it was removed or never existed',
  no_team: 'its workspace is gone',
  posting_to_general_channel_denied: 'nobody may post to this channel',
  team_disabled: 'its workspace is disabled',
  token_revoked: 'it was revoked',
  user_not_found: 'the user it writes to is gone',
};

const permanentStatuses = [401, 403, 404, 410];

/**
 * Says what an answer means (docs.slack.dev, "Sending messages using incoming webhooks").
 *
 * The word decides before the status: Slack says `user_not_found` with 400, and that is no fault
 * of the message. A 2xx that holds a page is somebody else's: the message would be lost unnoticed.
 */
export function interpretAnswer(answer: HttpAnswer): SlackAnswer {
  const { status } = answer;
  const word = /^[a-z_]{2,60}$/.exec(answer.body.trim())?.[0] ?? null;
  const said = `HTTP ${String(status)}${describeBody(word, answer.body)}`;
  const fail = (reason: Exclude<NotificationFailureReason, 'given_up'>, detail = said) =>
    ({
      kind: 'failed',
      reason,
      detail,
      retryAfterMs: parseRetryAfter(answer.retryAfter ?? undefined, answer.date ?? undefined),
    }) as const;

  if (status >= 200 && status < 300) {
    return answer.body.trimStart().startsWith('<')
      ? fail('unexpected_response', `${said}, which is not Slack's answer`)
      : { kind: 'accepted' };
  }
  if (status === 429) return fail('rate_limited');
  if (status >= 500) return fail('server_error');
  if (word !== null && Object.hasOwn(permanentWords, word)) {
    return fail('webhook_refused', `${said}: ${permanentWords[word] ?? ''}`);
  }
  if (permanentStatuses.includes(status)) return fail('webhook_refused');
  if (status === 408) return fail('timeout');
  if (status >= 400) return fail('message_rejected');
  return fail('unexpected_response', `HTTP ${String(status)}: a redirect, which is not followed`);
}

function describeBody(word: string | null, body: string): string {
  if (word !== null) return ` ${word}`;
  const text = body.trimStart();
  if (text === '' || text.startsWith('<')) return '';
  return ` ${safeText(text.slice(0, 100), [])}`;
}
