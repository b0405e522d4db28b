/**
 * Why a message did not get through. One closed list, which is also the label `reason` of
 * `oauth_notification_failures_total`: an exporter's names never change their meaning.
 */
export const notificationFailureReasons = [
  /** 429: too many messages. */
  'rate_limited',
  'server_error',
  'timeout',
  'network',
  /** An answer that is not Slack's: a proxy, a login page, a redirect. */
  'unexpected_response',
  /** Slack refused the content of the message. */
  'message_rejected',
  /** Slack refuses the webhook for good: it was deleted, or its channel was archived. */
  'webhook_refused',
  /** Nobody got the message in all the time there was. */
  'given_up',
] as const;
export type NotificationFailureReason = (typeof notificationFailureReasons)[number];
