import { formatDistance } from '../config/format-distance.js';
import { coverageRatio } from '../watch/coverage.js';
import { hours } from '../watch/finding.js';
import { judge, percent } from '../watch/judge.js';
import type { KeptWatch } from '../watch/parse-watch.js';
import { durationMs } from '../watch/stability-watch.js';
import { StartWatchForm, StopWatchForm } from './admin/watch-forms.js';
import { watchReportHref } from './links.js';
import type { Recorded } from './page-facts.js';
import type { PageView } from './page-view.js';
import { Badge, verdictTones } from './parts/badges.js';
import { Data } from './parts/data.js';
import { Facts } from './parts/facts.js';
import { ExactInstant } from './parts/instant.js';
import { Problem } from './parts/section.js';
import { visibleText } from './visible-text.js';

const longestReason = 300;
const mostReasons = 5;

/** The stability watches: how each goes or went, and its report. */
export function WatchPage({
  view,
  watches,
}: {
  readonly view: PageView;
  readonly watches: Recorded<readonly KeptWatch[]>;
}) {
  return (
    <>
      <h1>Stability watch</h1>
      <StartWatchForm view={view} open={watches.ok && watches.value.length === 0} />
      {!watches.ok && <Problem text={`Watches can’t be read now: ${watches.problem}`} />}
      {watches.ok && watches.value.length === 0 && (
        <p>
          No watch was ever started. After a fix,{' '}
          <code>oauth-token-exporter watch start --for 48h --note "what was fixed"</code> proves
          over time that it holds.
        </p>
      )}
      {watches.ok &&
        watches.value.map((kept) => <Watch key={kept.state.watch.id} kept={kept} view={view} />)}
    </>
  );
}

function Watch({
  kept: { state, end, waitingBecause },
  view,
}: {
  readonly kept: KeptWatch;
  readonly view: PageView;
}) {
  const { nowMs } = view;
  const { watch, progress } = state;
  const judgement = end?.judgement ?? (nowMs === null ? null : judge(state, nowMs));
  const polls = progress?.polls.count ?? 0;
  const asOfMs = end?.atMs ?? (nowMs === null ? null : Math.min(nowMs, watch.deadlineAtMs));
  const id = `watch-${watch.id}`;
  return (
    <section class="card" aria-labelledby={id}>
      <h2 id={id}>
        {judgement === null ? (
          <Badge tone="quiet" text="not known yet" />
        ) : (
          <Badge tone={verdictTones[judgement.verdict]} text={judgement.verdict} />
        )}{' '}
        Watch {watch.id} of <Data text={watch.providers.join(', ')} />
      </h2>
      <p>
        <Data text={watch.note} />
      </p>
      {waitingBecause !== null && (
        <p>No baseline yet: {visibleText(waitingBecause, longestReason)}</p>
      )}
      <ul>
        {judgement?.reasons
          .filter(({ code }) => code !== 'observed')
          .slice(0, mostReasons)
          .map(({ text }) => (
            <li key={text}>{visibleText(text, longestReason)}</li>
          ))}
      </ul>
      <Facts
        facts={[
          ['Started', <ExactInstant key="started" ms={watch.startedAtMs} nowMs={nowMs} />],
          ['For', hours(durationMs(watch))],
          [
            end === null ? 'Left' : 'Ended',
            end === null ? (
              timeLeft(watch.deadlineAtMs, nowMs)
            ) : (
              <ExactInstant ms={end.atMs} nowMs={nowMs} />
            ),
          ],
          [
            'Polls seen',
            asOfMs === null ? polls : `${polls} (${percent(coverageRatio(watch, polls, asOfMs))})`,
          ],
        ]}
      />
      <p>
        <a href={watchReportHref(watch.id)}>Report</a>
      </p>
      {end === null && <StopWatchForm view={view} id={watch.id} />}
    </section>
  );
}

function timeLeft(deadlineAtMs: number, nowMs: number | null): string {
  if (nowMs === null) return 'not known before a poll has reached the database';
  const leftMs = deadlineAtMs - nowMs;
  return leftMs > 0 ? formatDistance(leftMs) : 'nothing: the next poll seals it';
}
