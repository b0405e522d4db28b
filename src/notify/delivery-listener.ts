import type { NotificationFailureReason } from './notification-failure.js';
import type { Notice } from './notice.js';

/** Hears what becomes of messages. `channel` is the name of a webhook, or `log`. */
export interface DeliveryListener {
  readonly onDelivered: (channel: string, notice: Notice) => void;
  /** There is no webhook for it: `text` is all that anybody gets. */
  readonly onLogged: (notice: Notice, text: string) => void;
  readonly onFailure: (
    channel: string,
    notice: Notice,
    failure: { readonly reason: NotificationFailureReason; readonly detail: string },
  ) => void;
  /** The webhook is not used any more; heard once. */
  readonly onRefused: (channel: string, detail: string) => void;
  /** Nobody got it. `text`: what it said. */
  readonly onGivenUp: (channel: string, incidentId: string, text: string) => void;
  readonly onOutbox: (state: {
    readonly pending: number;
    readonly oldestEnqueuedAtMs: number | null;
  }) => void;
  /** The outbox can't be used at the moment; heard once for each kind of trouble. */
  readonly onTrouble: (message: string, error: unknown) => void;
}
