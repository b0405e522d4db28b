import { formatDistance } from '../config/format-distance.js';
import { configurationFingerprint } from '../refresh/configuration-fingerprint.js';
import { parseProviderHealth } from '../refresh/parse-provider-health.js';
import { explainToken } from '../remedy/explain-token.js';
import type { Explanation, TokenSurroundings } from '../remedy/explain-token.js';
import { explainedToken } from './explained-token.js';
import { RefreshForm } from './admin/refresh-form.js';
import { paths } from './links.js';
import { nameOf } from './listed-token.js';
import type { ListedToken } from './listed-token.js';
import type { Recorded } from './page-facts.js';
import type { PolledView } from './page-view.js';
import { GrantBadge, StatusBadge } from './parts/badges.js';
import { Data } from './parts/data.js';
import { Facts } from './parts/facts.js';
import { ExactInstant } from './parts/instant.js';
import { History } from './parts/history.js';
import { LifeChart } from './parts/life-chart.js';
import { Problem, Section } from './parts/section.js';
import { visibleText } from './visible-text.js';
import { accountMode } from './visitor.js';

/** One token: what it is on both axes, when it is refreshed and why, what happened, what would help. */
export function TokenPage({
  view,
  token,
  surroundings,
}: {
  readonly view: PolledView;
  readonly token: ListedToken;
  readonly surroundings: Recorded<TokenSurroundings>;
}) {
  const explanation = explain(view, token, surroundings);
  const { nowMs } = view;
  return (
    <>
      <p class="path">
        <a href={paths.tokens}>Tokens</a> / <Data text={token.provider} />
      </p>
      <h1>
        <Data text={nameOf(token)} />
      </h1>
      <div class="axes">
        <p>
          <span>Access token</span> <StatusBadge status={token.status} />
          <ExactInstant ms={token.expiresAtMs} nowMs={nowMs} none="no expiry recorded" />
        </p>
        <p>
          <span>Grant</span> <GrantBadge grant={token.grant} />
          {explanation?.dead_since != null && (
            <>
              since <ExactInstant ms={Date.parse(explanation.dead_since)} nowMs={nowMs} />
            </>
          )}
        </p>
      </div>
      {explanation === null ? (
        <Problem text="Nothing is remembered of this token, so there is no more to say of it." />
      ) : (
        <>
          <p class="next">
            <b>Next step: </b>
            {explanation.next_step}
          </p>
          <RefreshForm view={view} token={token} />
          <LifeChart token={token} lifetimeMs={lifetimeMs(explanation)} nowMs={nowMs} />
          <Section id="facts" title="Why">
            <Explained explanation={explanation} token={token} nowMs={nowMs} />
          </Section>
        </>
      )}
      <Section id="history" title="What happened">
        {surroundings.ok ? (
          <History ledger={surroundings.value.ledger} nowMs={nowMs} />
        ) : (
          <Problem text={`The ledger can’t be read now: ${surroundings.problem}`} />
        )}
      </Section>
    </>
  );
}

/** As `explain` does in a terminal. null: nothing is remembered. */
function explain(
  { facts, visitor, assessment, nowMs }: PolledView,
  { provider, assessed }: ListedToken,
  surroundings: Recorded<TokenSurroundings>,
): Explanation | null {
  const configured = facts.config.providers.find(({ name }) => name === provider);
  if (configured === undefined || assessed === null) return null;
  const failures = assessment.providers.get(provider)?.syncFailures ?? null;
  return explainToken(
    explainedToken(configured, assessed, failures, accountMode(visitor)),
    surroundings.ok ? surroundings.value : nothingAround,
    configured.refresh === null ? '' : configurationFingerprint(configured.refresh),
    { now: new Date(nowMs), memoryProblem: assessment.memoryProblem },
  );
}

const nothingAround: TokenSurroundings = {
  ledger: [],
  health: parseProviderHealth({}),
  callNotBeforeMs: null,
  journals: [],
};

function lifetimeMs({ lifetime_seconds: seconds }: Explanation): number | null {
  return seconds === null ? null : seconds * 1_000;
}

function Explained({
  explanation,
  token,
  nowMs,
}: {
  readonly explanation: Explanation;
  readonly token: ListedToken;
  readonly nowMs: number;
}) {
  const { last_failure: failure, claim } = explanation;
  const lifetime = lifetimeMs(explanation);
  const at = (iso: string | null) =>
    iso === null ? null : <ExactInstant ms={Date.parse(iso)} nowMs={nowMs} />;
  return (
    <Facts
      facts={[
        ['Token id', <Data key="id" text={token.tokenId} />],
        ['User', token.subject === null ? null : <Data text={token.subject} />],
        ['Account', explanation.account === null ? null : <Data text={explanation.account} />],
        ['Row', explanation.is_active ? 'active' : 'switched off'],
        ['Refresh', explanation.why],
        ['Refreshed by', explanation.refreshed_by],
        [
          'Lifetime',
          lifetime === null
            ? explanation.lifetime_from
            : `${formatDistance(lifetime)} (${explanation.lifetime_from})`,
        ],
        ['Last refresh', at(explanation.last_refresh_at)],
        [
          'Last failure',
          failure === null ? null : (
            <>
              {failure.reason ?? 'no reason'}, {at(failure.at)}; {explanation.failures_in_a_row} in
              a row now
            </>
          ),
        ],
        ['Not before', at(explanation.not_before)],
        ['Suspected', at(explanation.suspected_at)],
        ['Held back', explanation.pause],
        [
          'Claimed by',
          claim === null
            ? null
            : visibleText(`journal ${claim.journal} on ${claim.host ?? 'an unknown host'}`, 200),
        ],
      ]}
    />
  );
}
