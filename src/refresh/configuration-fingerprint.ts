import { createHash } from 'node:crypto';
import type { RefreshConfig } from '../config/refresh-config.js';

/**
 * Tells one configuration of a provider from another, without giving it away: a pause that our
 * configuration caused ends when it changes.
 */
export function configurationFingerprint({ way }: RefreshConfig): string {
  return createHash('sha256').update(JSON.stringify(way)).digest('hex').slice(0, 16);
}
