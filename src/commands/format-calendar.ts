import { activeOn, describeCohort, isoDay } from '../assess/expiry-calendar.js';
import type { CalendarDay, ExpiryCalendar, ExpiryOutcome } from '../assess/expiry-calendar.js';

/** A provider's calendar, ready to print. */
export interface NamedCalendar {
  readonly provider: string;
  readonly calendar: ExpiryCalendar;
}

/** Each outcome's part of a bar, in the order in which they follow each other. */
const marks: readonly (readonly [ExpiryOutcome, string])[] = [
  ['refreshed', '█'],
  ['unknown', '▒'],
  ['lapses', '░'],
  ['inactive', '·'],
];

/** Longest part of a bar that grows with its number; every outcome has a column at least. */
const barColumns = 48;

/** Bars for a terminal of 80 columns: one per day on which tokens expire, `…` for days without. */
export function formatCalendars(calendars: readonly NamedCalendar[]): string {
  const most = Math.max(0, ...calendars.flatMap(({ calendar }) => calendar.days.map(total)));
  const parts = calendars.map(({ provider, calendar }) =>
    [`${provider}: ${headline(calendar)}`, ...bars(calendar, most)].join('\n'),
  );
  const legend = '█ refreshed before   ▒ for others to refresh   ░ lapses   · switched off';
  return `Tokens that expire in the next 90 days, by day (UTC)\n${legend}\n\n${parts.join('\n\n')}\n`;
}

function headline({ days, cohort }: ExpiryCalendar): string {
  if (days.length === 0) return 'nothing expires';
  if (cohort !== null) return describeCohort(cohort);
  const active = days.reduce((sum, day) => sum + activeOn(day), 0);
  return `${String(active)} active ${active === 1 ? 'token expires' : 'tokens expire'}, no cohort together`;
}

function bars({ days }: ExpiryCalendar, most: number): string[] {
  const width = String(most).length;
  return days.flatMap((day, index) => {
    const before = days[index - 1];
    const isApart = before !== undefined && day.day - before.day > 1;
    const date = `${isoDay(day.day)} ${weekday(day.day)}`;
    const line = `${date}  ${String(total(day)).padStart(width)}  ${bar(day, most)}`;
    return isApart ? ['…', line] : [line];
  });
}

function bar({ counts }: CalendarDay, most: number): string {
  return marks
    .map(([outcome, mark]) => {
      const count = counts[outcome];
      return mark.repeat(count === 0 ? 0 : Math.max(1, Math.round((count / most) * barColumns)));
    })
    .join('');
}

function total({ counts }: CalendarDay): number {
  return Object.values(counts).reduce((sum, count) => sum + count, 0);
}

const weekdays = ['Thu', 'Fri', 'Sat', 'Sun', 'Mon', 'Tue', 'Wed'];

/** The first day of 1970 was a Thursday. */
function weekday(day: number): string {
  return weekdays[((day % 7) + 7) % 7] ?? '';
}
