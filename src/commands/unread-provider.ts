import type { ProviderConfig } from '../config/config.js';
import type { Reading } from '../observe/reading.js';

/** A provider of which something can't be read: why, and what to do. An entry of `unknown` in JSON. */
export interface UnreadProvider {
  readonly provider: string;
  readonly reason: string;
  readonly remedy: string;
}

/** The provider, if that could not be read; none, if it could. */
export function unreadOf({ name }: ProviderConfig, reading: Reading<unknown>): UnreadProvider[] {
  return reading.known ? [] : [{ provider: name, reason: reading.reason, remedy: reading.remedy }];
}

/** As a line for standard error. */
export function describeUnread({ provider, reason, remedy }: UnreadProvider): string {
  return `${provider}: ${reason}; ${remedy}`;
}
