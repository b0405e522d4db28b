import type { Tone } from './badges.js';

/** A part of a whole, and where the members of the part are listed. */
export interface Share {
  readonly label: string;
  readonly count: number;
  readonly tone: Tone;
  readonly href: string;
}

/** How a whole divides: a bar for the eye, and the same as links with numbers. */
export function Shares({
  title,
  shares,
}: {
  readonly title: string;
  readonly shares: readonly Share[];
}) {
  const total = shares.reduce((sum, { count }) => sum + count, 0);
  return (
    <div class="shares">
      <h4>{title}</h4>
      <ShareBar shares={shares} total={total} />
      <ul>
        {shares
          .filter(({ count }) => count > 0)
          .map(({ label, count, tone, href }) => (
            <li key={label}>
              <a href={href}>
                <i class={`swatch ${tone}`} aria-hidden="true" />
                <b>{formatCount(count)}</b> {label}
              </a>
            </li>
          ))}
      </ul>
    </div>
  );
}

const barWidth = 1_000;

function ShareBar({
  shares,
  total,
}: {
  readonly shares: readonly Share[];
  readonly total: number;
}) {
  let from = 0;
  const parts = shares.map(({ label, count, tone }) => {
    const width = total === 0 ? 0 : Math.round((count / total) * barWidth);
    const part = <rect key={label} class={tone} x={from} y="0" width={width} height="10" />;
    from += width;
    return part;
  });
  return (
    <svg
      class="bar"
      viewBox={`0 0 ${barWidth} 10`}
      preserveAspectRatio="none"
      aria-hidden="true"
      focusable="false"
    >
      {parts}
    </svg>
  );
}

/** `12,345`: by hand, so that it is the same on every machine. */
export function formatCount(count: number): string {
  return String(count).replaceAll(/\B(?=(?:\d{3})+$)/g, ',');
}
