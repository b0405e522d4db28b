import type { ProviderConfig } from '../config/config.js';
import { isDuration, toMs } from '../config/duration.js';
import { suggestion } from '../config/problem.js';
import { DatabaseError } from '../database/explain-database-error.js';
import { readEach } from '../database/read-each.js';
import { readSnapshot } from '../database/read-snapshot.js';
import type { SnapshotSource } from '../database/read-snapshot.js';
import { readCronHistory } from '../observe/cron-history.js';
import { readNow } from '../observe/observe.js';
import type { Reading } from '../observe/reading.js';
import { readHistory } from '../observe/sync-history.js';
import type { PastWindow } from '../observe/sync-history.js';
import { refreshedProviders } from '../refresh/start-refreshing.js';
import { readPastLedger } from '../store/past-ledger.js';
import type { PastLedger } from '../store/past-ledger.js';
import type { Seen } from '../watch/checks/check.js';
import { escapeHtml } from '../watch/escape-html.js';
import { plain } from '../watch/finding.js';
import { page, sectionHtml } from '../watch/report-html.js';
import { sectionMarkdown, sectionText } from '../watch/report-text.js';
import { reviewJson, reviewPast, reviewSections, reviewTitle } from '../watch/review.js';
import type { Review, ReviewFacts } from '../watch/review.js';
import type { CommandContext } from './command-context.js';
import { exitCode } from './exit-code.js';
import type { ExitCode } from './exit-code.js';
import { memoryRemedies, missesMemory } from './state-database.js';
import { withWatches } from './watch-database.js';
import type { WatchDatabases } from './watch-database.js';
import { verdictExit } from './watch-report.js';
import type { ReportFormat } from './report-formats.js';

export interface WatchReviewOptions {
  readonly sinceMs: number;
  readonly for: string;
  /** Empty: all that are configured. */
  readonly providers: readonly string[];
  readonly format: ReportFormat;
}

/** `watch review`: judges a window in the past by what the databases recorded of it. */
export async function watchReview(
  context: CommandContext,
  options: WatchReviewOptions,
): Promise<ExitCode> {
  const usage = (text: string): ExitCode => {
    context.stderr.write(`${text}\n`);
    return exitCode.usage;
  };
  const forMs = isDuration(options.for) ? toMs(options.for) : 0;
  if (forMs <= 0) {
    return usage('--for is the length of the window: a whole number and its unit, such as 48h');
  }
  return withWatches(context, async (databases) => {
    const all = databases.ready.config.providers;
    const names = all.map(({ name }) => name);
    const unknown = options.providers.find((name) => !names.includes(name));
    if (unknown !== undefined) {
      return usage(`no provider "${unknown}" is configured: ${suggestion(unknown, names)}`);
    }
    const { providers } = options;
    const chosen = all.filter(({ name }) => providers.length === 0 || providers.includes(name));
    const facts = await readFacts(databases, chosen, options.sinceMs, options.sinceMs + forMs);
    if (facts === null) {
      return usage('the window is not over yet: watch start watches what is still to come');
    }
    const review = reviewPast(facts);
    context.stdout.write(formatReview(review, options.format));
    return verdictExit(review.verdict);
  });
}

async function readFacts(
  opened: WatchDatabases,
  providers: readonly ProviderConfig[],
  sinceMs: number,
  untilMs: number,
): Promise<ReviewFacts | null> {
  const { ready, databases, state } = opened;
  const ours = refreshedProviders(ready.config).map(({ name }) => name);
  const readings = await readEach(databases.of, providers, (database, mine) =>
    readHistories(database, mine, ours, sinceMs, untilMs),
  );
  const histories: ReviewFacts['providers'][number][] = [];
  for (const reading of readings) {
    // A verdict without one of them would be about something else.
    if (!reading.ok) throw reading.error;
    if (reading.value === null) return null;
    histories.push(...reading.value);
  }
  const names = providers.map(({ name }) => name);
  const ledger = await state
    .run((query) => readPastLedger(query, names, { sinceMs, untilMs }))
    .then((value): Seen<PastLedger> => ({ seen: true, value }))
    .catch((error: unknown): Seen<PastLedger> => {
      const missing = missesMemory(error);
      if (missing !== null) return { seen: false, because: memoryRemedies[missing] };
      if (error instanceof DatabaseError) return { seen: false, because: plain(error.message) };
      throw error;
    });
  histories.sort((a, b) => names.indexOf(a.provider) - names.indexOf(b.provider));
  const jobs = await readJobReview(opened, { sinceMs, untilMs });
  return { sinceMs, untilMs, providers: histories, ledger, jobs };
}

/** What one database recorded of its providers; null: the window is not over by its clock. */
function readHistories(
  database: SnapshotSource,
  providers: readonly ProviderConfig[],
  ours: readonly string[],
  sinceMs: number,
  untilMs: number,
): Promise<ReviewFacts['providers'][number][] | null> {
  return readSnapshot(database, async (snapshot) => {
    const { now, role } = await readNow(snapshot.query, Date.now);
    if (untilMs > now.getTime()) return null;
    const list = [];
    for (const provider of providers) {
      const history = await readHistory(snapshot, role, provider, { sinceMs, untilMs });
      list.push({
        provider: provider.name,
        tokens: seen(history.tokens),
        syncs: seen(history.syncs),
        overdueAfterMs: provider.syncs?.overdueAfterMs ?? null,
        refreshedByUs: ours.includes(provider.name),
      });
    }
    return list;
  });
}

/** What pg_cron recorded, in whichever database it is. */
async function readJobReview(
  { ready, databases }: WatchDatabases,
  window: PastWindow,
): Promise<ReviewFacts['jobs']> {
  const { cron } = ready.config;
  if (cron === null) return { seen: false, because: 'cron is switched off in the configuration' };
  try {
    const history = await readSnapshot(databases.of(cron), async (snapshot) => {
      const { role } = await readNow(snapshot.query, Date.now);
      return readCronHistory(snapshot, role, cron, window);
    });
    return history.known
      ? { seen: true, value: { history: history.value, graceMs: cron.graceMs } }
      : { seen: false, because: plain(history.reason) };
  } catch (error) {
    if (error instanceof DatabaseError) return { seen: false, because: plain(error.message) };
    throw error;
  }
}

function seen<T>(reading: Reading<T>): Seen<T> {
  return reading.known
    ? { seen: true, value: reading.value }
    : { seen: false, because: plain(`${reading.reason}; ${reading.remedy}`) };
}

function formatReview(review: Review, format: ReportFormat): string {
  const title = reviewTitle(review);
  const sections = reviewSections(review).filter(
    (section) => section.kind === 'table' || section.items.length > 0,
  );
  switch (format) {
    case 'text':
      return [title, '', ...sections.flatMap((each) => [...sectionText(each), ''])].join('\n');
    case 'md':
      return [`# ${title}`, '', ...sections.flatMap((each) => [...sectionMarkdown(each), ''])].join(
        '\n',
      );
    case 'html':
      return page(
        title,
        [`<h1>${escapeHtml(title)}</h1>`, ...sections.map(sectionHtml)].join('\n'),
      );
    case 'json':
      return `${JSON.stringify(reviewJson(review), null, 2)}\n`;
  }
}
