import type { ListedToken } from '../listed-token.js';
import { describeDistance } from '../describe-distance.js';

const width = 600;
const left = 6;
const right = width - 6;
const y = 34;

/**
 * The life of an access token from its issue to its expiry: when it becomes due, and where `now` is.
 * Nothing where its length is not known.
 */
export function LifeChart({
  token: { expiresAtMs, dueAtMs },
  lifetimeMs,
  nowMs,
}: {
  readonly token: ListedToken;
  readonly lifetimeMs: number | null;
  readonly nowMs: number;
}) {
  if (expiresAtMs === null || !Number.isFinite(expiresAtMs) || lifetimeMs === null) return null;
  const issuedAtMs = expiresAtMs - lifetimeMs;
  const fromMs = Math.min(issuedAtMs, nowMs);
  const toMs = Math.max(expiresAtMs, nowMs);
  const x = (ms: number) =>
    Math.round(left + ((ms - fromMs) / Math.max(1, toMs - fromMs)) * (right - left));
  const due = dueAtMs === null ? null : clamp(x(dueAtMs), x(issuedAtMs), x(expiresAtMs));
  const text = [
    `began ${describeDistance(issuedAtMs - nowMs)}`,
    dueAtMs === null ? 'never due' : `due ${describeDistance(dueAtMs - nowMs)}`,
    `${expiresAtMs < nowMs ? 'expired' : 'expires'} ${describeDistance(expiresAtMs - nowMs)}`,
  ].join(', ');
  return (
    <figure class="life">
      <svg viewBox={`0 0 ${width} 60`} role="img" aria-label={text}>
        <line class="axis" x1={left} x2={right} y1={y} y2={y} />
        <rect
          class="lived"
          x={x(issuedAtMs)}
          y={y - 5}
          width={x(expiresAtMs) - x(issuedAtMs)}
          height="10"
        />
        {due !== null && (
          <rect class="due" x={due} y={y - 5} width={x(expiresAtMs) - due} height="10" />
        )}
        <line class="now" x1={x(nowMs)} x2={x(nowMs)} y1={y - 14} y2={y + 14} />
        <text class={`label ${x(nowMs) > width / 2 ? 'end' : ''}`} x={x(nowMs)} y={y - 18}>
          now
        </text>
      </svg>
      <figcaption>{text}</figcaption>
    </figure>
  );
}

function clamp(value: number, least: number, most: number): number {
  return Math.min(Math.max(value, least), most);
}
