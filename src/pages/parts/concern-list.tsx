import { showAccount } from '../../notify/mask-account.js';
import type { AccountMode } from '../../notify/mask-account.js';
import type { Concern } from '../concerns.js';
import { paths } from '../links.js';
import type { IncidentRecords, Recorded } from '../page-facts.js';
import type { PageView } from '../page-view.js';
import { accountMode } from '../visitor.js';
import { keyOf } from '../../store/incidents.js';
import { Badge, severityTones } from './badges.js';
import { Data } from './data.js';
import { Instant } from './instant.js';
import { formatCount } from './shares.js';

/** Everything that is wrong now: what, for whom, since when, what to do. */
export function ConcernList({
  view,
  incidents,
}: {
  readonly view: PageView;
  readonly incidents: Recorded<IncidentRecords>;
}) {
  const since = new Map(
    incidents.ok
      ? incidents.value.incidents
          .filter(({ recoveredAtMs }) => recoveredAtMs === null)
          .map((incident) => [keyOf(incident), incident.firstSeenAtMs])
      : [],
  );
  return (
    <section aria-labelledby="concerns">
      <h2 id="concerns" class="hidden">
        What is wrong
      </h2>
      <ul class="concerns">
        {view.concerns.map((concern) => (
          <li key={concern.key} class={`concern ${severityTones[concern.severity]}`}>
            <ConcernItem concern={concern} sinceMs={since.get(concern.key) ?? null} view={view} />
          </li>
        ))}
      </ul>
      {!incidents.ok && (
        <p class="quiet">
          Since when is not known: {incidents.problem}. <a href={paths.incidents}>Incidents</a>
        </p>
      )}
    </section>
  );
}

function ConcernItem({
  concern,
  sinceMs,
  view: { nowMs, facts, visitor },
}: {
  readonly concern: Concern;
  readonly sinceMs: number | null;
  readonly view: PageView;
}) {
  const { provider, severity, title, explanation, nextStep, isStale } = concern;
  return (
    <>
      <h3>
        <Badge tone={severityTones[severity]} text={severity} />{' '}
        {provider !== null && (
          <>
            <Data text={provider} />
            {': '}
          </>
        )}
        {title}{' '}
        <span class="when">
          {sinceMs === null ? (
            'seen in the last poll'
          ) : (
            <>
              since <Instant ms={sinceMs} nowMs={nowMs} />
            </>
          )}
          {isStale && ', not seen in the last poll'}
        </span>
      </h3>
      <Affected concern={concern} accounts={accountMode(visitor)} />
      <p>
        <b>Do: </b>
        <Prose text={nextStep} />
      </p>
      <details>
        <summary>What it means</summary>
        <p>
          <Prose text={explanation} />{' '}
          <a href={runbookHref(facts.config.notify.links.runbook, concern.runbook)}>Runbook</a>
        </p>
      </details>
    </>
  );
}

/** A heading of the runbook. */
export function runbookHref(runbook: string, heading: string): string {
  const url = new URL(runbook);
  url.hash = heading;
  return url.href;
}

function Affected({
  concern: { people, affected, affectedHref },
  accounts,
}: {
  readonly concern: Concern;
  readonly accounts: AccountMode;
}) {
  if (people.length === 0) return null;
  const rest = affected - people.length;
  const more = rest > 0 ? `and ${formatCount(rest)} more` : 'show';
  return (
    <p>
      <b>For: </b>
      {people.map(({ subject, account }, index) => (
        <span key={subject}>
          {index > 0 && ', '}
          <Data text={showAccount(account, accounts) ?? subject} />
        </span>
      ))}{' '}
      {affectedHref === null ? rest > 0 && more : <a href={affectedHref}>{more}</a>}
    </p>
  );
}

/** Text of ours with commands in backticks. */
export function Prose({ text }: { readonly text: string }) {
  return (
    <>
      {text
        .split('`')
        .map((part, index) => (index % 2 === 1 ? <code key={index}>{part}</code> : part))}
    </>
  );
}
