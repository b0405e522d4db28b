import { isoDay } from '../assess/expiry-calendar.js';
import type { ExpiryCalendar } from '../assess/expiry-calendar.js';
import { calendarDays } from '../observe/expiry-days.js';
import type { PageView } from './page-view.js';
import { CalendarChart, describeDay, outcomeTones, outcomeWords } from './parts/calendar-chart.js';
import { Data } from './parts/data.js';
import { TableFrame } from './parts/section.js';
import { expiryOutcomes } from '../assess/expiry-calendar.js';

/** What expires on which of the next 90 days, and what will come of it. */
export function CalendarPage({ view: { assessment } }: { readonly view: PageView }) {
  const calendars = [...assessment.providers].flatMap(([name, { calendar }]) =>
    calendar === null ? [] : [{ name, calendar }],
  );
  return (
    <>
      <h1>Expiry calendar</h1>
      <p class="note">
        Access tokens by the day on which they expire, in UTC. What has expired already is not in
        it.
      </p>
      <ul class="legend">
        {expiryOutcomes.map((outcome) => (
          <li key={outcome}>
            <i class={`swatch ${outcomeTones[outcome]}`} aria-hidden="true" />
            {outcomeWords[outcome]}
          </li>
        ))}
      </ul>
      {calendars.length === 0 && <p>Nothing is known yet.</p>}
      {calendars.map(({ name, calendar }, index) => (
        <section key={name} class="card" aria-labelledby={`calendar-${index}`}>
          <h2 id={`calendar-${index}`}>
            <Data text={name} />
          </h2>
          <div class="scroll" role="region" aria-label={`Chart, ${index + 1}`} tabIndex={0}>
            <CalendarChart calendar={calendar} days={calendarDays} />
          </div>
          <Days calendar={calendar} label={`Days, ${index + 1}`} />
        </section>
      ))}
    </>
  );
}

function Days({ calendar, label }: { readonly calendar: ExpiryCalendar; readonly label: string }) {
  if (calendar.days.length === 0) return <p>Nothing expires in these days.</p>;
  return (
    <details>
      <summary>The same in numbers</summary>
      <TableFrame label={label}>
        <table>
          <thead>
            <tr>
              <th scope="col">Day</th>
              <th scope="col">Tokens</th>
            </tr>
          </thead>
          <tbody>
            {calendar.days.map((day) => (
              <tr key={day.day}>
                <th scope="row">{isoDay(day.day)}</th>
                <td>{describeDay(day)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </TableFrame>
    </details>
  );
}
