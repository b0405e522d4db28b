import { calendarOfTokens, describeCohort, isoDay } from '../assess/expiry-calendar.js';
import type { ProviderConfig } from '../config/config.js';
import { DatabaseError } from '../database/explain-database-error.js';
import type { CommandContext, ReadyToConnect } from './command-context.js';
import { exitCode } from './exit-code.js';
import type { ExitCode } from './exit-code.js';
import { formatCalendars } from './format-calendar.js';
import type { NamedCalendar } from './format-calendar.js';
import { printable } from './printable.js';
import { withDatabases } from './state-database.js';
import { readTokenFacts } from './token-facts.js';
import type { FactsReading } from './token-facts.js';
import { describeUnread } from './unread-provider.js';

/** `status --calendar`: what expires on each of the next 90 days, and what a refresh saves. */
export async function statusCalendar(
  context: CommandContext,
  ready: ReadyToConnect,
  providers: readonly ProviderConfig[],
  json: boolean,
): Promise<ExitCode> {
  let facts: FactsReading;
  try {
    facts = await withDatabases(ready, context.terminated, (databases, state) =>
      readTokenFacts(databases.of, state, providers, ready.config.pollIntervalMs),
    );
  } catch (error) {
    if (!(error instanceof DatabaseError)) throw error;
    context.stderr.write(`${error.message}\n`);
    return exitCode.unknown;
  }
  const calendars = providers
    .filter(({ name }) => !facts.unread.some((each) => each.provider === name))
    .map((provider) => ({ provider: provider.name, calendar: calendarOf(provider, facts) }));
  context.stdout.write(
    json
      ? `${JSON.stringify(calendarJson(calendars, facts), null, 2)}\n`
      : formatCalendars(calendars),
  );
  for (const each of facts.unread) context.stderr.write(`${printable(describeUnread(each))}\n`);
  if (facts.memoryAway) {
    context.stderr.write(`it is not known what a refresh saves: ${facts.memoryProblem ?? ''}\n`);
  }
  return facts.unread.length > 0 || facts.memoryAway ? exitCode.unknown : exitCode.fine;
}

function calendarOf(provider: ProviderConfig, { tokens, now }: FactsReading) {
  const own = tokens
    .filter((token) => token.provider === provider)
    .map(({ row, subject, decision }) => ({
      active: row.active,
      expiresAtMs: row.expiresAtMs,
      grant: subject.grant,
      hasRefreshToken: row.hasRefreshToken,
      decision,
    }));
  const active = own.filter((token) => token.active).length;
  return calendarOfTokens(own, provider.refresh, active, now);
}

function calendarJson(calendars: readonly NamedCalendar[], { now, unread }: FactsReading): unknown {
  return {
    now: now.toISOString(),
    providers: calendars.map(({ provider, calendar: { days, cohort } }) => ({
      provider,
      days: days.map(({ day, counts }) => ({ day: isoDay(day), ...counts })),
      cohort: cohort && {
        from: isoDay(cohort.fromDay),
        to: isoDay(cohort.toDay),
        tokens: cohort.tokens,
        of: cohort.of,
        refreshed: cohort.refreshed,
        text: describeCohort(cohort),
      },
    })),
    unknown: unread.map(describeUnread),
  };
}
