import type { ListedIncident } from '../store/incident-list.js';
import { severities } from '../notify/notice.js';
import { covers } from '../store/silences.js';
import type { Silence } from '../store/silences.js';
import { SilenceForm, UnsilenceForm } from './admin/silence-forms.js';
import { titleOf } from './concerns.js';
import type { IncidentRecords, Recorded } from './page-facts.js';
import type { PageView } from './page-view.js';
import { Badge, severityTones } from './parts/badges.js';
import { runbookHref } from './parts/concern-list.js';
import { Data } from './parts/data.js';
import { ExactInstant, Instant } from './parts/instant.js';
import { Problem, Section, TableFrame } from './parts/section.js';

/** What people were told of, what is over, and what they asked not to hear. */
export function IncidentsPage({
  view,
  records,
}: {
  readonly view: PageView;
  readonly records: Recorded<IncidentRecords>;
}) {
  if (!records.ok) {
    return (
      <>
        <h1>Incidents</h1>
        <Problem
          text={`Incidents can’t be read now: ${records.problem}. What is wrong now is on the overview.`}
        />
      </>
    );
  }
  const { incidents, silences } = records.value;
  const open = incidents.filter(({ recoveredAtMs }) => recoveredAtMs === null);
  const ended = incidents.filter(({ recoveredAtMs }) => recoveredAtMs !== null);
  return (
    <>
      <h1>Incidents</h1>
      <Section id="open" title="Open">
        {open.length === 0 ? (
          <p>No incident is open.</p>
        ) : (
          <IncidentTable label="Open incidents" incidents={open} silences={silences} view={view} />
        )}
      </Section>
      <Section id="silences" title="Silences">
        {silences.length === 0 ? (
          <p>Nothing is silenced.</p>
        ) : (
          <SilenceTable silences={silences} view={view} />
        )}
        <SilenceForm view={view} />
      </Section>
      <Section id="over" title="Over, in the last 7 days">
        {ended.length === 0 ? (
          <p>None.</p>
        ) : (
          <IncidentTable
            label="Incidents that are over"
            incidents={ended}
            silences={[]}
            view={view}
          />
        )}
      </Section>
    </>
  );
}

function IncidentTable({
  label,
  incidents,
  silences,
  view: { nowMs, facts },
}: {
  readonly label: string;
  readonly incidents: readonly ListedIncident[];
  readonly silences: readonly Silence[];
  readonly view: PageView;
}) {
  const { runbook } = facts.config.notify.links;
  const isOpen = incidents.every(({ recoveredAtMs }) => recoveredAtMs === null);
  return (
    <TableFrame label={label}>
      <table>
        <thead>
          <tr>
            <th scope="col">What</th>
            <th scope="col">Provider</th>
            <th scope="col">Since</th>
            {!isOpen && <th scope="col">Over</th>}
            <th scope="col" class="wide">
              Told
            </th>
          </tr>
        </thead>
        <tbody>
          {incidents.map((incident) => {
            const { title, runbook: heading } = titleOf(incident);
            const isSilent = silences.some((silence) => covers(silence, incident));
            return (
              <tr key={incident.id}>
                <th scope="row">
                  <SeverityBadge severity={incident.severity} />{' '}
                  {heading === null ? title : <a href={runbookHref(runbook, heading)}>{title}</a>}
                  {isSilent && (
                    <>
                      {' '}
                      <Badge tone="quiet" text="silenced" />
                    </>
                  )}
                </th>
                <td>
                  <Data text={incident.provider ?? incident.replica ?? 'the exporter'} />
                </td>
                <td>
                  <ExactInstant ms={incident.firstSeenAtMs} nowMs={nowMs} />
                </td>
                {!isOpen && (
                  <td>
                    <Instant ms={incident.recoveredAtMs} nowMs={nowMs} />
                  </td>
                )}
                <td class="wide">
                  <Instant ms={incident.toldAtMs} nowMs={nowMs} none="nobody yet" />
                </td>
              </tr>
            );
          })}
        </tbody>
      </table>
    </TableFrame>
  );
}

/** What another version wrote may be a word that this one does not know. */
function SeverityBadge({ severity }: { readonly severity: string }) {
  const known = severities.find((each) => each === severity);
  return <Badge tone={known === undefined ? 'plain' : severityTones[known]} text={severity} />;
}

function SilenceTable({
  silences,
  view: { nowMs, visitor },
}: {
  readonly silences: readonly Silence[];
  readonly view: PageView;
}) {
  return (
    <TableFrame label="Silences">
      <table>
        <thead>
          <tr>
            <th scope="col">Why</th>
            <th scope="col">Provider</th>
            <th scope="col">Cause</th>
            <th scope="col">Ends</th>
            <th scope="col" class="wide">
              By
            </th>
            {visitor.kind === 'admin' && <th scope="col">Action</th>}
          </tr>
        </thead>
        <tbody>
          {silences.map(({ id, reason, provider, cause, endsAt, createdBy }) => (
            <tr key={id}>
              <th scope="row">
                <Data text={reason} />
              </th>
              <td>{provider === null ? 'all' : <Data text={provider} />}</td>
              <td>{cause === null ? 'all' : <Data text={cause} />}</td>
              <td>
                <ExactInstant ms={endsAt.getTime()} nowMs={nowMs} />
              </td>
              <td class="wide">
                <Data text={createdBy} />
              </td>
              {visitor.kind === 'admin' && (
                <td>
                  <UnsilenceForm formToken={visitor.formToken} id={id} />
                </td>
              )}
            </tr>
          ))}
        </tbody>
      </table>
    </TableFrame>
  );
}
