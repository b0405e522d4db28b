import ms from 'ms';

/** A length of time as the configuration writes it: `500ms`, `30s`, `15m`, `24h`, `7d`, `2w`. */
export type Duration = `${number}${'ms' | 's' | 'm' | 'h' | 'd' | 'w'}`;

/** What a message says that a duration should be. */
export const durationForm = 'a whole number and its unit (ms, s, m, h, d or w), such as 15m';

/**
 * Whether `value` is a whole number above zero followed by a unit. A bare number is refused, because
 * its unit would be a guess; so are more than six digits, so that an instant plus a duration is
 * always an instant.
 */
export function isDuration(value: unknown): value is Duration {
  return typeof value === 'string' && /^[1-9]\d{0,5}(ms|s|m|h|d|w)$/.test(value);
}

/** The duration in milliseconds. */
export function toMs(duration: Duration): number {
  return ms(duration);
}
