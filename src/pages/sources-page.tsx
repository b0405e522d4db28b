import { formatDistance } from '../config/format-distance.js';
import type { SourceAssessment } from '../assess/sources.js';
import type { PageView } from './page-view.js';
import { Badge } from './parts/badges.js';
import type { Tone } from './parts/badges.js';
import { Data } from './parts/data.js';
import { Problem, Section, TableFrame } from './parts/section.js';
import { visibleText } from './visible-text.js';

const longestReason = 600;

/** What the exporter can see and what it can't, why, and what would help. */
export function SourcesPage({ view: { assessment } }: { readonly view: PageView }) {
  const sources = [...assessment.sources.values()];
  const { databaseFailure, memoryProblem, silentJournals } = assessment;
  const hidden = [...assessment.providers].filter(
    ([, { grants }]) =>
      grants?.tokens.some(({ hasRefreshToken }) => hasRefreshToken === null) === true,
  );
  return (
    <>
      <h1>What can be seen</h1>
      {databaseFailure !== null && (
        <Problem
          text={`${visibleText(databaseFailure.message, longestReason)}. To do: ${databaseFailure.remedy}.`}
        />
      )}
      <Section id="sources" title="Sources">
        {sources.length === 0 ? (
          <p>Nothing is known yet.</p>
        ) : (
          <TableFrame label="Sources">
            <table>
              <thead>
                <tr>
                  <th scope="col">Source</th>
                  <th scope="col">State</th>
                  <th scope="col">Why, and what would help</th>
                </tr>
              </thead>
              <tbody>
                {sources.map((source) => (
                  <SourceRow key={source.name} source={source} />
                ))}
              </tbody>
            </table>
          </TableFrame>
        )}
      </Section>
      <Section id="memory" title="The exporter’s memory">
        {memoryProblem === null ? (
          <p>
            {assessment.observedAt === null
              ? 'Nothing is known yet.'
              : 'It can be used: grants, refreshes and incidents are remembered.'}
          </p>
        ) : (
          <Problem text={visibleText(memoryProblem, longestReason)} />
        )}
        {silentJournals.length > 0 && (
          <ul>
            {silentJournals.map(({ journalId, host, unseenMs, claims }) => (
              <li key={journalId}>
                The journal {journalId} on <Data text={host ?? 'an unknown host'} /> holds {claims}{' '}
                claims, and its owner was not heard of for {formatDistance(unseenMs)}.
              </li>
            ))}
          </ul>
        )}
      </Section>
      {hidden.length > 0 && (
        <Section id="hidden" title="Hidden from this role">
          <ul>
            {hidden.map(([name]) => (
              <li key={name}>
                <Data text={name} />: whether a row has a refresh token. <code>doctor</code> prints
                a view that shows it and no secret.
              </li>
            ))}
          </ul>
        </Section>
      )}
    </>
  );
}

function SourceRow({
  source: { name, state, up, reason, remedy, notes },
}: {
  readonly source: SourceAssessment;
}) {
  const tone: Tone = up === true ? 'good' : up === false ? 'bad' : 'quiet';
  // What is absent need not be there, so nothing is to be done.
  const words = [reason, state === 'absent' ? null : remedy, ...notes].filter(
    (text) => text !== null,
  );
  return (
    <tr>
      <th scope="row">
        <Data text={name} />
      </th>
      <td>
        <Badge tone={tone} text={state} />
      </td>
      <td>
        {words.map((text) => (
          <p key={text}>{visibleText(text, longestReason)}</p>
        ))}
      </td>
    </tr>
  );
}
