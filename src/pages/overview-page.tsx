import type { ProviderAssessment } from '../assess/assess-provider.js';
import { grantStates } from '../assess/grant-state.js';
import { describeDemand } from '../assess/demand.js';
import { tokenStatusWords, tokenStatuses } from '../assess/token-status.js';
import { formatDistance } from '../config/format-distance.js';
import type { ProviderConfig } from '../config/config.js';
import { paths } from './links.js';
import type { IncidentRecords, Recorded } from './page-facts.js';
import type { PageView } from './page-view.js';
import { grantTones, grantWords, statusTones } from './parts/badges.js';
import { CalendarChart } from './parts/calendar-chart.js';
import { ConcernList } from './parts/concern-list.js';
import { Data } from './parts/data.js';
import { Facts } from './parts/facts.js';
import { Instant } from './parts/instant.js';
import { Shares, formatCount } from './parts/shares.js';
import { tokensHref } from './token-query.js';

const chartDays = 30;

/** Is anything wrong, for whom, since when, what to do: in one screen. */
export function OverviewPage({
  view,
  incidents,
}: {
  readonly view: PageView;
  readonly incidents: Recorded<IncidentRecords>;
}) {
  const { assessment, concerns } = view;
  return (
    <>
      <Verdict view={view} />
      <div class={concerns.length > 0 ? 'split' : 'whole'}>
        {concerns.length > 0 && <ConcernList view={view} incidents={incidents} />}
        <section aria-labelledby="providers">
          <h2 id="providers" class="hidden">
            Tokens and grants
          </h2>
          <div class="cards">
            {[...assessment.providers].map(([name, assessed]) => (
              <Provider key={name} name={name} assessed={assessed} view={view} />
            ))}
            {view.facts.config.providers
              .filter(({ name }) => !assessment.providers.has(name))
              .map((provider) => (
                <NeverSeen key={provider.name} provider={provider} view={view} />
              ))}
          </div>
        </section>
      </div>
    </>
  );
}

/** The one sentence that a wall screen shows from across the room. */
function Verdict({ view: { assessment, concerns, readiness } }: { readonly view: PageView }) {
  if (assessment.observedAt === null) {
    return (
      <div class="verdict unknown">
        <h1>Nothing is known yet</h1>
        <p>No poll has reached the database.</p>
      </div>
    );
  }
  const urgent = concerns.filter(({ severity }) => severity === 'critical').length;
  const tone = urgent > 0 || !readiness.ready ? 'bad' : concerns.length > 0 ? 'warn' : 'good';
  const total = totalOf(assessment.providers);
  return (
    <div class={`verdict ${tone}`}>
      <h1>{headline(concerns.length, urgent, readiness.ready)}</h1>
      <p>
        {total}, <Sight assessment={assessment} />
      </p>
    </div>
  );
}

function headline(concerns: number, urgent: number, isReady: boolean): string {
  if (concerns === 0) return isReady ? 'All is well' : 'Out of date';
  const things = concerns === 1 ? '1 thing needs attention' : `${concerns} things need attention`;
  return urgent === 0 || concerns === urgent ? things : `${things}, ${urgent} of them urgently`;
}

function totalOf(providers: PageView['assessment']['providers']): string {
  const totals = [...providers.values()].flatMap(({ tokens }) => tokens?.total ?? []);
  const tokens = totals.reduce((sum, total) => sum + total, 0);
  const of = providers.size === 1 ? '1 provider' : `${providers.size} providers`;
  return `${formatCount(tokens)} ${tokens === 1 ? 'token' : 'tokens'} of ${of} watched`;
}

function Provider({
  name,
  assessed,
  view: { facts, nowMs },
}: {
  readonly name: string;
  readonly assessed: ProviderAssessment;
  readonly view: PageView;
}) {
  const { tokens, grants, syncs, stuckSyncs, pauses, demand, calendar } = assessed;
  const configured = facts.config.providers.find((each) => each.name === name);
  return (
    <article class="card">
      <h3>
        <a href={tokensHref({ provider: name })}>
          <Data text={name} />
        </a>
      </h3>
      {tokens === null ? (
        <p>Its tokens can’t be seen.</p>
      ) : (
        <Shares
          title="Access tokens"
          shares={[
            ...tokenStatuses.map((status) => ({
              label: tokenStatusWords[status],
              count: tokens.active[status] + tokens.inactive[status],
              tone: statusTones[status],
              href: tokensHref({ provider: name, status }),
            })),
          ]}
        />
      )}
      {grants === null ? (
        <p class="quiet">Nothing is remembered of the grants behind them.</p>
      ) : (
        <Shares
          title="Grants"
          shares={grantStates.map((state) => ({
            label: grantWords[state],
            count: grants.grants[state],
            tone: grantTones[state],
            href: tokensHref({ provider: name, grant: state }),
          }))}
        />
      )}
      <Facts
        facts={[
          ['Refreshed by', refreshedBy(configured)],
          [
            'Refreshes overdue',
            grants === null || configured?.refresh?.mode !== 'on' ? null : (
              <a
                class={grants.overdue > 0 ? 'number bad' : 'number'}
                href={tokensHref({ provider: name, view: 'overdue' })}
              >
                {formatCount(grants.overdue)}
              </a>
            ),
          ],
          [
            'Earliest refresh due',
            grants?.due[0] === undefined ? null : (
              <Instant ms={grants.due[0].dueAtMs} nowMs={nowMs} />
            ),
          ],
          ['Longest sync lag', syncs?.maxLagMs == null ? null : formatDistance(syncs.maxLagMs)],
          [
            'Syncs overdue',
            syncs === null ? null : (
              <a class={syncs.overdue > 0 ? 'number warn' : 'number'} href={paths.jobs}>
                {formatCount(syncs.overdue)}
              </a>
            ),
          ],
          ['Syncs stuck', stuckSyncs === null || stuckSyncs === 0 ? null : formatCount(stuckSyncs)],
          [
            'Held back',
            pauses === null || pauses.length === 0
              ? null
              : pauses.map(({ reason, failure }) => failure ?? reason).join(', '),
          ],
          ['Rate', demand?.feasible === false ? describeDemand(demand) : null],
        ]}
      />
      {calendar !== null && (
        <>
          <h4>
            <a href={paths.calendar}>Expiries in the next {chartDays} days</a>
          </h4>
          <CalendarChart calendar={calendar} days={chartDays} />
        </>
      )}
    </article>
  );
}

/** A provider whose database has not answered yet: why, and what to do. */
function NeverSeen({
  provider: { name, database },
  view: { assessment },
}: {
  readonly provider: ProviderConfig;
  readonly view: PageView;
}) {
  const failure = assessment.unread.get(database) ?? assessment.databaseFailure;
  return (
    <article class="card">
      <h3>
        <Data text={name} />
      </h3>
      <p>
        Nothing is known of its tokens yet: {failure?.message ?? 'its database has not answered'}.
      </p>
      <p>
        {failure === null ? (
          <>
            Wait for the next poll, or see <a href={paths.sources}>what can be seen</a>.
          </>
        ) : (
          `Next: ${failure.remedy}.`
        )}
      </p>
    </article>
  );
}

function refreshedBy(provider: ProviderConfig | undefined): string {
  const refresh = provider?.refresh ?? null;
  if (refresh === null) return 'not by this exporter';
  const way = refresh.way.kind === 'token_endpoint' ? 'token endpoint' : 'the application';
  switch (refresh.mode) {
    case 'on':
      return `this exporter, ${way}`;
    case 'shadow':
      return 'nobody: shadow mode only counts';
    case 'off':
      return 'nobody here: switched off';
  }
}

/** How much of what it was to see it can see. */
function Sight({ assessment }: { readonly assessment: PageView['assessment'] }) {
  const sources = [...assessment.sources.values()];
  const readable = sources.filter(({ up }) => up === true).length;
  const all = sources.filter(({ up }) => up !== null).length;
  return (
    <>
      <a href={paths.sources}>
        {readable === all ? `all ${all} sources` : `only ${readable} of ${all} sources`}
      </a>{' '}
      can be read
      {assessment.memoryProblem !== null && ', nothing is remembered'}
    </>
  );
}
