import type { Dispatcher } from 'undici';
import type { SyncEndpointConfig } from '../config/sync-config.js';
import { buildAppEndpointRequest } from '../refresh/app-endpoint-request.js';
import { sendBoundedRequest } from '../refresh/bounded-request.js';
import type { RequestLimits } from '../refresh/exchange.js';
import { parseSyncAnswer } from './sync-answer.js';
import type { SyncAnswer } from './sync-answer.js';

/** Whom to sync, and how much. */
export interface SyncTarget {
  readonly tokenId: string;
  readonly subject: string | null;
  /** As the application calls it: `incremental`. */
  readonly syncType: string;
}

/** A sync fetches from the provider before it answers; functions are ended after 150 s at the latest. */
export const syncLimits: RequestLimits = {
  slowAfterMs: 30_000,
  deadlineMs: 180_000,
  maxBodyBytes: 1024 * 1024,
};

/** Asks the application once to sync one user. Never throws, never follows a redirect. */
export async function callSyncEndpoint(
  connections: Dispatcher,
  endpoint: SyncEndpointConfig,
  target: SyncTarget,
  limits: RequestLimits = syncLimits,
): Promise<SyncAnswer> {
  const request = buildAppEndpointRequest(endpoint, target, { sync_type: target.syncType });
  const exchange = await sendBoundedRequest(connections, request, limits);
  if (exchange.ok) return parseSyncAnswer(exchange.raw, secretsOf(endpoint));
  const { reason, detail } = exchange;
  return { outcome: 'failed', reason, retryAfterMs: null, detail };
}

/** Header values, also without their scheme: an answer may echo a key without its `Bearer`. */
function secretsOf({ headers }: SyncEndpointConfig): string[] {
  return Object.values(headers).flatMap((value) => [value, value.replace(/^\S+\s+/, '')]);
}
