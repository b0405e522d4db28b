import type { ProviderAssessment } from '../assess/assess-provider.js';
import type { CronAssessment } from '../assess/cron.js';
import { describeMissed } from '../assess/cron-problem.js';
import type { WebhookAssessment } from '../assess/webhooks.js';
import { formatDistance } from '../config/format-distance.js';
import { syncFailureReasons } from '../config/sync-config.js';
import { laggingOver } from '../observe/windows.js';
import type { LaggingOver } from '../observe/windows.js';
import type { PolledView } from './page-view.js';
import { Badge } from './parts/badges.js';
import { Data } from './parts/data.js';
import { Facts } from './parts/facts.js';
import type { Fact } from './parts/facts.js';
import { Instant } from './parts/instant.js';
import { Section, TableFrame } from './parts/section.js';
import { formatCount } from './parts/shares.js';
import { jobProblemWords, webhookProblemWords } from './problem-words.js';
import { tokensHref } from './token-query.js';

/** What keeps tokens in use: syncs, scheduled jobs, webhooks. */
export function JobsPage({ view }: { readonly view: PolledView }) {
  const { assessment, nowMs } = view;
  const providers = [...assessment.providers];
  const synced = providers.filter(
    ([, { syncs, stuckSyncs, syncFailures }]) =>
      syncs !== null || stuckSyncs !== null || syncFailures !== null,
  );
  return (
    <>
      <h1>Syncs and jobs</h1>
      <Section id="syncs" title="Syncs">
        <div class="cards">
          {synced.map(([name, assessed]) => (
            <Syncs key={name} name={name} assessed={assessed} />
          ))}
        </div>
        {synced.length === 0 && <p>No sync shows in any source.</p>}
      </Section>
      <Section id="cron" title="Scheduled jobs">
        <Jobs cron={assessment.cron} nowMs={nowMs} />
      </Section>
      <Section id="webhooks" title="Webhooks">
        <div class="cards">
          {providers.map(([name, { webhooks }]) =>
            webhooks === null ? null : (
              <Webhooks key={name} name={name} webhooks={webhooks} nowMs={nowMs} />
            ),
          )}
        </div>
        {providers.every(([, { webhooks }]) => webhooks === null) && (
          <p>No webhook shows in any source.</p>
        )}
      </Section>
    </>
  );
}

function Syncs({
  name,
  assessed: { syncs, stuckSyncs, syncFailures },
}: {
  readonly name: string;
  readonly assessed: ProviderAssessment;
}) {
  const lagging = (Object.keys(laggingOver) as LaggingOver[]).map((over): Fact => [
    `No success for ${over}`,
    syncs === null ? null : formatCount(syncs.lagging[over]),
  ]);
  const failed = syncFailureReasons
    .map((reason) => [reason, syncFailures?.byReason[reason] ?? 0] as const)
    .filter(([, count]) => count > 0);
  return (
    <article class="card">
      <h3>
        <Data text={name} />
      </h3>
      <Facts
        facts={[
          ['Overdue', syncs === null ? null : <Count count={syncs.overdue} tone="warn" />],
          ['Stuck', stuckSyncs === null ? null : <Count count={stuckSyncs} tone="warn" />],
          ['Longest lag', syncs?.maxLagMs == null ? null : formatDistance(syncs.maxLagMs)],
          ...lagging,
        ]}
      />
      {failed.length > 0 && (
        <p>
          <a href={tokensHref({ provider: name, view: 'sync_failed' })}>Last sync failed</a>:{' '}
          {failed
            .map(([reason, count]) => `${formatCount(count)} ${reason.replaceAll('_', ' ')}`)
            .join(', ')}
        </p>
      )}
    </article>
  );
}

function Count({ count, tone }: { readonly count: number; readonly tone: 'warn' | 'bad' }) {
  return <span class={count > 0 ? `number ${tone}` : 'number'}>{formatCount(count)}</span>;
}

function Jobs({ cron, nowMs }: { readonly cron: CronAssessment | null; readonly nowMs: number }) {
  if (cron === null || (cron.jobs.length === 0 && cron.logs.size === 0)) {
    return <p>No job is watched, or none can be seen.</p>;
  }
  const logged = [...cron.logs].flatMap(([provider, jobs]) =>
    jobs.map((job) => ({ ...job, provider })),
  );
  return (
    <TableFrame label="Scheduled jobs">
      <table>
        <thead>
          <tr>
            <th scope="col">Job</th>
            <th scope="col">State</th>
            <th scope="col" class="wide">
              Schedule
            </th>
            <th scope="col" class="wide">
              Last run
            </th>
            <th scope="col">Last success</th>
            <th scope="col">What is wrong</th>
          </tr>
        </thead>
        <tbody>
          {cron.jobs.map((job) => (
            <JobRow
              key={job.name}
              name={job.name}
              schedule={job.schedule ?? 'not scheduled'}
              lastRunAtMs={job.lastRunAtMs}
              lastSuccessAtMs={job.lastSuccessAtMs}
              wrong={[
                ...(job.missed === null ? [] : [`it ${describeMissed(job.missed)}`]),
                ...job.problems.map(jobProblemWords),
              ]}
              nowMs={nowMs}
            />
          ))}
          {logged.map(({ provider, name, lastSuccessAtMs, problems }) => (
            <JobRow
              key={`${provider} ${name}`}
              name={name}
              schedule={`by its own log, ${provider}`}
              lastRunAtMs={null}
              lastSuccessAtMs={lastSuccessAtMs}
              wrong={problems.map(jobProblemWords)}
              nowMs={nowMs}
            />
          ))}
        </tbody>
      </table>
    </TableFrame>
  );
}

function JobRow({
  name,
  schedule,
  lastRunAtMs,
  lastSuccessAtMs,
  wrong,
  nowMs,
}: {
  readonly name: string;
  readonly schedule: string;
  readonly lastRunAtMs: number | null;
  readonly lastSuccessAtMs: number | null;
  readonly wrong: readonly string[];
  readonly nowMs: number;
}) {
  return (
    <tr>
      <th scope="row">
        <Data text={name} />
      </th>
      <td>
        <Badge
          tone={wrong.length > 0 ? 'warn' : 'good'}
          text={wrong.length > 0 ? 'trouble' : 'fine'}
        />
      </td>
      <td class="wide">
        <Data text={schedule} />
      </td>
      <td class="wide">
        <Instant ms={lastRunAtMs} nowMs={nowMs} />
      </td>
      <td>
        <Instant ms={lastSuccessAtMs} nowMs={nowMs} none="never seen" />
      </td>
      <td>{wrong.join('; ')}</td>
    </tr>
  );
}

function Webhooks({
  name,
  webhooks: { arrivals, events, problems },
  nowMs,
}: {
  readonly name: string;
  readonly webhooks: WebhookAssessment;
  readonly nowMs: number;
}) {
  const delay = arrivals?.delayMs ?? null;
  return (
    <article class="card">
      <h3>
        <Data text={name} />{' '}
        <Badge
          tone={problems.length > 0 ? 'warn' : 'good'}
          text={problems.length > 0 ? 'trouble' : 'fine'}
        />
      </h3>
      {problems.length > 0 && <p>{problems.map((each) => webhookProblemWords[each]).join('; ')}</p>}
      <Facts
        facts={[
          [
            'Last arrival',
            arrivals === null ? null : (
              <Instant ms={arrivals.lastReceivedAtMs} nowMs={nowMs} none="never" />
            ),
          ],
          ['Arrived lately', arrivals === null ? null : formatCount(arrivals.received)],
          ['Half of it within', delay === null ? null : formatDistance(delay.median)],
          ['Nine tenths within', delay === null ? null : formatDistance(delay.p90)],
          ['Events processed', events === null ? null : formatCount(events.succeeded)],
          ['Events failed', events === null ? null : <Count count={events.failed} tone="warn" />],
        ]}
      />
    </article>
  );
}
