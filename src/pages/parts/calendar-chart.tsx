import { describeCohort, expiryOutcomes, isoDay } from '../../assess/expiry-calendar.js';
import type { CalendarDay, ExpiryCalendar, ExpiryOutcome } from '../../assess/expiry-calendar.js';
import type { Tone } from './badges.js';
import { formatCount } from './shares.js';

export const outcomeTones: Readonly<Record<ExpiryOutcome, Tone>> = {
  refreshed: 'good',
  unknown: 'plain',
  lapses: 'bad',
  inactive: 'quiet',
};

export const outcomeWords: Readonly<Record<ExpiryOutcome, string>> = {
  refreshed: 'refreshed before',
  lapses: 'lapses',
  inactive: 'switched off',
  unknown: 'refreshed by somebody else, or at risk',
};

const left = 34;
const top = 10;
const weekDays = 7;
/** As many days fit into a card. */
const longestNarrow = 45;

/**
 * What expires on each of the next days, as bars that say what will come of it. The chart is drawn
 * here and needs no script; the table on the calendar's page says the same.
 */
export function CalendarChart({
  calendar,
  days,
}: {
  readonly calendar: ExpiryCalendar;
  readonly days: number;
}) {
  const { firstDay, cohort } = calendar;
  const shown = calendar.days.filter(({ day }) => day < firstDay + days);
  const most = Math.max(1, ...shown.map(totalOf));
  const [width, chartHeight] = days > longestNarrow ? [900, 110] : [380, 56];
  const step = (width - left) / days;
  const yOf = (count: number) => round(top + chartHeight - (count / most) * chartHeight);
  return (
    <>
      <svg
        class={days > longestNarrow ? 'calendar broad' : 'calendar'}
        viewBox={`0 0 ${width} ${top + chartHeight + 24}`}
        role="img"
        aria-label={inWords(shown, days)}
      >
        <line class="axis" x1={left} x2={width} y1={yOf(0)} y2={yOf(0)} />
        <line class="grid" x1={left} x2={width} y1={yOf(most)} y2={yOf(most)} />
        <text class="label end" x={left - 6} y={yOf(most) + 4}>
          {formatCount(most)}
        </text>
        <text class="label end" x={left - 6} y={yOf(0)}>
          0
        </text>
        {shown.map((day) => (
          <Bar
            key={day.day}
            day={day}
            x={round(left + (day.day - firstDay) * step)}
            width={round(Math.max(1, step - 1.5))}
            yOf={yOf}
          />
        ))}
        {ticks(firstDay, days).map((day) => (
          <text
            key={day}
            class="label"
            x={round(left + (day - firstDay) * step)}
            y={top + chartHeight + 16}
          >
            {day === firstDay ? 'today' : isoDay(day).slice(5)}
          </text>
        ))}
      </svg>
      {cohort !== null && cohort.fromDay < firstDay + days && (
        <p class={cohort.refreshed < cohort.tokens ? 'cohort warn' : 'cohort'}>
          {describeCohort(cohort)}
        </p>
      )}
    </>
  );
}

function Bar({
  day: { day, counts },
  x,
  width: barWidth,
  yOf,
}: {
  readonly day: CalendarDay;
  readonly x: number;
  readonly width: number;
  readonly yOf: (count: number) => number;
}) {
  let below = 0;
  return (
    <g>
      <title>{`${isoDay(day)}: ${describeDay({ day, counts })}`}</title>
      {expiryOutcomes.map((outcome) => {
        const y = yOf(below + counts[outcome]);
        const height = round(yOf(below) - y);
        below += counts[outcome];
        return height === 0 ? null : (
          <rect
            key={outcome}
            class={outcomeTones[outcome]}
            x={x}
            y={y}
            width={barWidth}
            height={height}
          />
        );
      })}
    </g>
  );
}

/** Finer than that nobody sees. */
function round(value: number): number {
  return Math.round(value * 10) / 10;
}

/** The beginnings of weeks from today, as long as there is room for the label. */
function ticks(firstDay: number, days: number): number[] {
  return Array.from(
    { length: Math.ceil(days / weekDays) },
    (_, index) => firstDay + index * weekDays,
  );
}

function totalOf({ counts }: CalendarDay): number {
  return expiryOutcomes.reduce((sum, outcome) => sum + counts[outcome], 0);
}

/** `3 lapses, 12 refreshed before`. */
export function describeDay({ counts }: CalendarDay): string {
  return expiryOutcomes
    .filter((outcome) => counts[outcome] > 0)
    .map((outcome) => `${formatCount(counts[outcome])} ${outcomeWords[outcome]}`)
    .join(', ');
}

function inWords(days: readonly CalendarDay[], of: number): string {
  const total = days.reduce((sum, day) => sum + totalOf(day), 0);
  if (total === 0) return `Nothing expires in the next ${of} days`;
  const lapses = days.reduce((sum, { counts }) => sum + counts.lapses, 0);
  return `${formatCount(total)} ${total === 1 ? 'token expires' : 'tokens expire'} in the next ${of} days, ${formatCount(lapses)} of them for good`;
}
