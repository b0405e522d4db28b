import { assessSources } from '../assess/sources.js';
import type { SourceAssessment } from '../assess/sources.js';
import type { ColumnRef, Config, ProviderConfig } from '../config/config.js';
import { plural } from '../config/plural.js';
import { diagnoseCarrying } from './diagnose-carrying.js';
import { diagnoseJobs } from './diagnose-jobs.js';
import { coversRows, displayName } from '../observe/catalog.js';
import type { Catalog } from '../observe/catalog.js';
import type { Inspection } from '../observe/inspect.js';
import { configuredSources, tokenSourceName } from '../observe/observe.js';
import { grantSelect, quote, quoteTable } from '../observe/readable-table.js';

/** One line of `doctor`. */
export interface Finding {
  /** problem: what must be read can't be. absent: optional, and not there. hint: would help. */
  readonly level: 'ok' | 'absent' | 'hint' | 'warning' | 'problem';
  readonly subject: string;
  readonly text: string;
  /** A statement to paste, or the next step. */
  readonly remedy: string | null;
}

/** What the doctor says of a database it has looked at. */
export function diagnose(config: Config, inspection: Inspection): Finding[] {
  const { catalog, observation } = inspection;
  const sources = assessSources(
    configuredSources(config),
    [
      ...observation.providers.flatMap(({ sources }) => sources),
      ...observation.surroundings.sources,
    ],
    new Map(),
  );
  const providers = config.providers.flatMap((provider) => [
    ...diagnoseSources(provider.name, sources, inspection),
    ...diagnoseDeniedColumns(provider, inspection),
    ...diagnoseLifetime(provider, inspection),
    ...diagnoseExpiryIndex(provider, inspection),
    ...diagnoseCarrying(provider, catalog),
    ...diagnoseRefreshToken(provider, catalog),
  ]);
  return withoutRepetition([
    ...diagnoseClock(observation.clockSkewMs),
    ...providers,
    ...diagnoseSources('cron', sources, inspection),
    ...diagnoseJobs(config, observation),
  ]);
}

/** Two sources may need the same statement, and pasted twice it fails. */
function withoutRepetition(findings: readonly Finding[]): Finding[] {
  const said = new Set<string>();
  return findings.map((finding) => {
    const { remedy } = finding;
    if (remedy?.endsWith(';') !== true) return finding;
    if (said.has(remedy)) return { ...finding, remedy: null };
    said.add(remedy);
    return finding;
  });
}

const skewLimitMs = 60_000;

function diagnoseClock(skewMs: number): Finding[] {
  if (Math.abs(skewMs) < skewLimitMs) return [];
  return [
    {
      level: 'warning',
      subject: 'clock',
      text: `this machine's clock is ${formatTime(Math.abs(skewMs))} ${skewMs > 0 ? 'ahead of' : 'behind'} the database's`,
      remedy: 'the database decides what has expired; still, mend the clock (NTP)',
    },
  ];
}

function diagnoseSources(
  provider: string,
  sources: readonly SourceAssessment[],
  { observation }: Inspection,
): Finding[] {
  const observed = observation.providers.find(({ name }) => name === provider);
  return sources
    .filter(({ name }) => name.startsWith(`${provider}:`))
    .flatMap(({ name, state, up, reason, remedy, notes }) => {
      const noteFindings = notes.map((text): Finding => ({
        level: 'warning',
        subject: name,
        text,
        remedy: null,
      }));
      if (up === true) {
        const count =
          name === tokenSourceName(provider) && observed?.tokens.known === true
            ? `${String(observed.tokens.value.active.total)} active and ${plural(observed.tokens.value.inactive.total, 'inactive token')}`
            : 'readable';
        return [
          { level: 'ok' as const, subject: name, text: count, remedy: null },
          ...noteFindings,
        ];
      }
      const level = up === false ? 'problem' : state === 'absent' ? 'absent' : 'warning';
      return [
        {
          level,
          subject: name,
          text: reason ?? state,
          remedy: up === null && state === 'absent' ? null : remedy,
        },
      ];
    });
}

/** What the tokens can be read without, but should not be: an account, a sign of a sync. */
function diagnoseDeniedColumns(
  provider: ProviderConfig,
  { catalog, observation }: Inspection,
): Finding[] {
  const { name, tokens: table } = provider;
  const relation = catalog.relations.get(displayName(table));
  if (observation.providers.find((each) => each.name === name)?.tokens.known !== true) return [];
  const denied = columnsRead(provider).filter(
    (column) => relation?.columns.get(column)?.selectable === false,
  );
  if (denied.length === 0) return [];
  return [
    {
      level: 'hint',
      subject: tokenSourceName(name),
      text: `the role ${catalog.role} may not read ${denied.join(', ')} of ${displayName(table)}`,
      remedy: grantSelect(table, denied, catalog.role),
    },
  ];
}

/** Everything is always EXPIRING SOON where no token lives as long as that window. */
function diagnoseLifetime(provider: ProviderConfig, inspection: Inspection): Finding[] {
  const { name, expiringSoonMs } = provider;
  const latest = inspection.latestExpiresAtMs.get(name) ?? null;
  if (latest === null) return [];
  const longestMs = latest - inspection.observation.now.getTime();
  if (longestMs >= expiringSoonMs) return [];
  return [
    {
      level: 'warning',
      subject: tokenSourceName(name),
      text:
        `no token expires later than ${formatTime(longestMs)} from now, which is less than the ` +
        `EXPIRING SOON window of ${formatTime(expiringSoonMs)}: no token is VALID, however healthy`,
      remedy: `set providers.${name}.expiring_soon below the lifetime of its tokens, or alert on EXPIRED only`,
    },
  ];
}

function formatTime(ms: number): string {
  const units: [string, number][] = [
    ['days', 86_400_000],
    ['hours', 3_600_000],
    ['minutes', 60_000],
  ];
  const [unit, length] = units.find(([, each]) => ms >= 2 * each) ?? ['seconds', 1_000];
  return `${String(Math.round(ms / length))} ${unit}`;
}

const indexWorthwhileRows = 100_000;

function diagnoseExpiryIndex(
  { name, tokens: table }: ProviderConfig,
  { catalog, observation }: Inspection,
): Finding[] {
  const { expiresAt, active } = table.columns;
  const tokens = observation.providers.find((each) => each.name === name)?.tokens;
  if (expiresAt?.join !== null || tokens?.known !== true) return [];
  const relation = catalog.relations.get(displayName(table));
  if (relation === undefined || relation.isView) return [];
  const beside = active !== null && active.join === null ? [active.column] : [];
  if (coversRows(relation, expiresAt.column, beside)) return [];
  const indexed = coversRows(relation, expiresAt.column);
  const rows = tokens.value.active.total + tokens.value.inactive.total;
  const include = beside.length > 0 ? ` INCLUDE (${beside.map(quote).join(', ')})` : '';
  return [
    {
      level: 'hint',
      subject: tokenSourceName(name),
      text:
        (indexed
          ? `the index on ${expiresAt.column} does not include ${beside.join(', ')}`
          : `no index on ${expiresAt.column}`) +
        (rows < indexWorthwhileRows
          ? '; with so few rows none is needed, with many this one helps'
          : ''),
      remedy: `CREATE INDEX CONCURRENTLY ON ${quoteTable(table)} (${quote(expiresAt.column)})${include};`,
    },
  ];
}

/** Whether a grant can be refreshed at all shows in the presence of a secret column's value. */
function diagnoseRefreshToken(provider: ProviderConfig, catalog: Catalog): Finding[] {
  const { tokens: table } = provider;
  const { refreshToken, hasRefreshToken } = table.columns;
  if (hasRefreshToken !== null || refreshToken?.join !== null) return [];
  const relation = catalog.relations.get(displayName(table));
  const column = relation?.columns.get(refreshToken.column);
  if (relation === undefined || column === undefined || column.selectable) return [];
  // Not in the table's own schema: Supabase offers whatever is in `public` to everyone.
  const view = { schema: 'monitoring', table: table.table };
  const shown = columnsRead(provider)
    .filter((each) => relation.columns.has(each))
    .map(quote);
  return [
    {
      level: 'hint',
      subject: tokenSourceName(provider.name),
      text:
        `the role ${catalog.role} may not read ${refreshToken.column}, as it should be; a view can say ` +
        `whether a token has one, mapped in providers.${provider.name} as {table: ${displayName(view)}, ` +
        'columns: {refresh_token: null, has_refresh_token: has_refresh_token}}',
      remedy:
        `CREATE SCHEMA IF NOT EXISTS ${quote(view.schema)}; ` +
        `CREATE VIEW ${quoteTable(view)} AS SELECT ${shown.join(', ')}, ` +
        `${quote(refreshToken.column)} IS NOT NULL AS has_refresh_token FROM ${quoteTable(table)}; ` +
        `GRANT USAGE ON SCHEMA ${quote(view.schema)} TO ${quote(catalog.role)}; ` +
        `GRANT SELECT ON ${quoteTable(view)} TO ${quote(catalog.role)};`,
    },
  ];
}

/** What a provider's mapping reads of the token table itself. */
function columnsRead({ tokens, syncs }: ProviderConfig): string[] {
  const { refreshToken, accessToken, ...shown } = tokens.columns;
  const secrets = [refreshToken?.column, accessToken?.column];
  const evidence = (syncs?.lastSuccess ?? []).map((each) =>
    each.kind === 'column' ? each.column : null,
  );
  const refs: (ColumnRef | null)[] = [...Object.values(shown), ...evidence];
  const own = refs.flatMap((ref) => (ref?.join === null ? [ref.column] : []));
  const joined = Object.values(tokens.joins).flatMap(({ on }) => Object.values(on));
  return [...new Set([...own, ...joined])].filter((column) => !secrets.includes(column));
}
