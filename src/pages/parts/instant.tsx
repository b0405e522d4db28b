import { formatInstant, isoInstant } from '../../config/format-instant.js';
import { describeDistance } from '../describe-distance.js';

interface InstantProps {
  readonly ms: number | null;
  /** What it is compared with: the database's clock at the last poll; null: there is none yet. */
  readonly nowMs: number | null;
  /** What stands there where there is none. */
  readonly none?: string;
}

/** An instant as people ask for it, `in 3 h` or `2 d ago`, and as a machine would write it. */
export function Instant({ ms, nowMs, none = '–' }: InstantProps) {
  if (ms === null) return <span class="quiet">{none}</span>;
  const exact = formatInstant(ms) ?? none;
  if (!Number.isFinite(ms)) return <span>{ms > 0 ? 'never' : exact}</span>;
  return (
    <time dateTime={isoInstant(ms) ?? ''} title={exact}>
      {nowMs === null ? exact : describeDistance(ms - nowMs)}
    </time>
  );
}

/** The same with the exact time beside it. */
export function ExactInstant(props: InstantProps) {
  const exact = formatInstant(props.ms);
  return (
    <>
      <Instant {...props} />
      {exact !== null && props.nowMs !== null && <small class="exact"> {exact}</small>}
    </>
  );
}
