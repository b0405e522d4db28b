import type { Assessment } from '../../src/assess/assess.js';
import { assessGrants } from '../../src/assess/grants.js';
import type { GrantRow } from '../../src/assess/assessed-token.js';
import { nothingRemembered } from '../../src/assess/memories.js';
import type { ProviderConfig } from '../../src/config/config.js';
import type { PageFacts, PageRecords, Sights } from '../../src/pages/page-facts.js';
import { pageRoutes } from '../../src/pages/routes.js';
import { createApp, listen } from '../../src/publish/server.js';
import type { ListeningServer } from '../../src/publish/server.js';
import { tokenMemoryOf } from '../assess/token-memory-of.js';
import { refreshing } from '../publish/assessed-tokens.js';
import { assessmentOf, cronOf, observedAt, providerOf, sourceOf } from '../publish/assessments.js';
import { configOf } from '../refresh/refresh-world.js';
import { expose } from '../publish/expose.js';
import { hostileNames } from './page-world.js';

const pollMs = 30_000;
export const nowMs = observedAt.getTime();

const base = configOf({ DATABASE_URL: 'postgresql://user@localhost/app' });
const [fathom] = base.providers;

/** A provider of this name, refreshed by us. */
export function configuredProvider(name: string): ProviderConfig {
  if (fathom === undefined) throw new Error('the preset is gone');
  return { ...fathom, name, refresh: refreshing };
}

/** A memory that can't be asked. */
export const noRecords: PageRecords = {
  incidents: () => Promise.resolve({ ok: false, problem: 'it is away' }),
  token: () => Promise.resolve({ ok: false, problem: 'it is away' }),
  goneToken: () => Promise.resolve({ ok: false, problem: 'it is away' }),
  watches: () => Promise.resolve({ ok: false, problem: 'it is away' }),
  watchReport: () => Promise.resolve({ ok: false, problem: 'it is away' }),
};

/** What a poll saw of one provider's rows; each was seen first an hour ago. */
export function assessmentOfRows(
  provider: ProviderConfig,
  rows: readonly Partial<GrantRow>[],
): Assessment {
  const facts = rows.map((row, index): GrantRow => ({
    id: `token-${index}`,
    subject: `user-${index}`,
    account: null,
    active: true,
    expiresAtMs: nowMs + 86_400_000,
    hasRefreshToken: true,
    currentFingerprint: null,
    syncAuthFailedAtMs: null,
    ...row,
  }));
  const memory = new Map(
    facts.map(({ id }) => [id, tokenMemoryOf({ tokenId: id, firstSeenAtMs: nowMs - 3_600_000 })]),
  );
  const grants = assessGrants(provider, facts, memory, observedAt, pollMs);
  return assessmentOf({ [provider.name]: providerOf({ grants }) });
}

export function sightsOf(assessment: Assessment): Sights {
  const last = { assessment, memories: nothingRemembered, journalProblem: null };
  return { last, lastGood: last };
}

/** Its name comes from the configuration, which is not quite as hostile. */
export const hostileProvider = (name: string): string => name.slice(0, 100);

/** Every text that comes from data is one of the hostile names. */
export function hostileSights(): { readonly sights: Sights; readonly names: readonly string[] } {
  const providers = hostileNames.flatMap((name) => [
    ...assessmentOfRows(configuredProvider(hostileProvider(name)), [
      { id: name, subject: name, account: name, expiresAtMs: nowMs - 86_400_000 },
      { id: `${name}2`, subject: null, account: null, expiresAtMs: null, active: false },
      { id: `${name}3`, subject: '', account: '', expiresAtMs: Infinity, hasRefreshToken: null },
    ]).providers,
  ]);
  const sources = hostileNames.map((name) =>
    sourceOf(name, { state: 'denied', up: false, reason: name, remedy: name, notes: [name] }),
  );
  const cron = cronOf();
  const jobs = hostileNames.flatMap((name) =>
    cron.jobs.map((job) => ({
      ...job,
      name: `${name}${job.name}`,
      schedule: name,
      problems: [{ reason: 'failing' as const, failures: 2, atMs: null, message: name }],
    })),
  );
  const assessment = {
    ...assessmentOf(Object.fromEntries(providers), sources),
    cron: { ...cron, jobs },
    memoryProblem: hostileNames[0] ?? null,
  };
  return { sights: sightsOf(assessment), names: hostileNames.map(hostileProvider) };
}

/** Serves the pages of what was seen, on loopback. */
export async function servePages(
  { sights, names }: { readonly sights: Sights; readonly names: readonly string[] },
  facts: Partial<PageFacts> = {},
): Promise<ListeningServer> {
  const routes = pageRoutes({
    version: '1.2.3',
    demo: false,
    host: 'host-1',
    config: { ...base, providers: names.map(configuredProvider) },
    sights: () => sights,
    readiness: () => ({ ready: true }),
    records: noRecords,
    admin: null,
    ...facts,
  });
  const exposition = await expose([]);
  const app = createApp(
    { exposition: () => exposition, readiness: () => ({ ready: true }) },
    null,
    [routes],
  );
  return listen(app, { host: '127.0.0.1', port: 0 });
}
