import { assessSources } from '../assess/sources.js';
import type { SourceAssessment } from '../assess/sources.js';
import type { ColumnRef, Config, ProviderConfig, TokenTable } from '../config/config.js';
import { displayName } from '../observe/catalog.js';
import type { Catalog, Relation } from '../observe/catalog.js';
import type { Inspection } from '../observe/inspect.js';
import { configuredSources, tokenSourceName } from '../observe/observe.js';

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
    observation.providers.flatMap((provider) => provider.sources),
    new Map(),
  );
  const providers = config.providers.flatMap((provider) => [
    ...diagnoseSources(provider.name, sources, inspection),
    ...diagnoseLifetime(provider, inspection),
    ...diagnoseExpiryIndex(provider.tokens, provider.name, catalog),
    ...diagnoseRefreshToken(provider.tokens, provider.name, catalog),
  ]);
  return [...diagnoseClock(observation.clockSkewMs), ...providers];
}

const skewLimitMs = 60_000;

function diagnoseClock(skewMs: number): Finding[] {
  if (Math.abs(skewMs) < skewLimitMs) return [];
  return [
    {
      level: 'warning',
      subject: 'clock',
      text: `this machine's clock is ${String(Math.round(skewMs / 1000))} s ahead of the database's`,
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
            ? `${String(observed.tokens.value.active.total)} active and ${String(observed.tokens.value.inactive.total)} inactive tokens`
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
        `no token expires later than ${formatHours(longestMs)} from now, which is shorter than the ` +
        `EXPIRING SOON window of ${formatHours(expiringSoonMs)}: every healthy token is always EXPIRING SOON`,
      remedy: `set providers.${name}.expiring_soon below the lifetime of its tokens, or alert on EXPIRED only`,
    },
  ];
}

function formatHours(ms: number): string {
  const hours = ms / 3_600_000;
  return hours >= 48
    ? `${String(Math.round(hours / 24))} days`
    : `${String(Math.round(hours))} hours`;
}

const indexWorthwhileRows = 100_000;

function diagnoseExpiryIndex(table: TokenTable, provider: string, catalog: Catalog): Finding[] {
  const { expiresAt, active } = table.columns;
  if (expiresAt?.join !== null) return [];
  const relation = catalog.relations.get(displayName(table));
  if (relation === undefined || relation.isView) return [];
  if (relation.indexedColumns.includes(expiresAt.column)) return [];
  const include = active !== null && active.join === null ? ` INCLUDE (${active.column})` : '';
  const rows = Math.round(relation.estimatedRows);
  return [
    {
      level: 'hint',
      subject: tokenSourceName(provider),
      text:
        `no index on ${expiresAt.column}` +
        (rows < indexWorthwhileRows
          ? `; with so few rows none is needed, with many this one helps`
          : ''),
      remedy: `CREATE INDEX CONCURRENTLY ON ${displayName(table)} (${expiresAt.column})${include};`,
    },
  ];
}

/** Whether a grant can be refreshed at all shows in the presence of a secret column's value. */
function diagnoseRefreshToken(table: TokenTable, provider: string, catalog: Catalog): Finding[] {
  const { refreshToken, hasRefreshToken } = table.columns;
  if (hasRefreshToken !== null || refreshToken?.join !== null) return [];
  const relation = catalog.relations.get(displayName(table));
  const column = relation?.columns.get(refreshToken.column);
  if (relation === undefined || column === undefined || column.selectable) return [];
  return [
    {
      level: 'hint',
      subject: tokenSourceName(provider),
      text:
        `the role ${catalog.role} may not read ${refreshToken.column}, as it should be; whether a token ` +
        'has one can be offered by a view, mapped as has_refresh_token',
      remedy: presenceView(table, refreshToken, relation, catalog.role),
    },
  ];
}

function presenceView(
  table: TokenTable,
  refreshToken: ColumnRef,
  relation: Relation,
  role: string,
): string {
  const shown = Object.values(table.columns)
    .flatMap((ref: ColumnRef | null) =>
      ref?.join === null && ref !== refreshToken ? [ref.column] : [],
    )
    .filter((column) => relation.columns.has(column));
  const view = `${table.schema}.${table.table}_monitoring`;
  return (
    `CREATE VIEW ${view} AS SELECT ${[...new Set(shown)].join(', ')}, ` +
    `${refreshToken.column} IS NOT NULL AS has_refresh_token FROM ${displayName(table)}; ` +
    `GRANT SELECT ON ${view} TO ${role};`
  );
}
