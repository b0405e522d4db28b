import { styleText } from 'node:util';
import { tokenStatusWords, tokenStatuses } from '../assess/token-status.js';
import { formatInstant } from '../config/format-instant.js';
import { plural } from '../config/plural.js';
import { titleOf } from '../pages/concerns.js';
import { describeDistance } from '../pages/describe-distance.js';
import type { ListedIncident } from '../store/incident-list.js';
import { printable, shorten } from './printable.js';
import { formatSummary, statusColours } from './status.js';
import type { StatusRow } from './status.js';
import { formatTable } from './table.js';

/** What the live view knows. */
export interface LiveStatus {
  /** The database's clock when the rows were read; null: they were not yet. */
  readonly nowMs: number | null;
  readonly rows: readonly StatusRow[];
  /** null: they can't be read. */
  readonly incidents: readonly ListedIncident[] | null;
  /** Why what is shown is not up to date. */
  readonly problems: readonly string[];
}

const mostIncidents = 5;
const linesOfTable = 2;

/** The lines that fill a terminal of this size, and no more of them than fit. */
export function statusScreen(
  status: LiveStatus,
  { columns, rows: height }: { readonly columns: number; readonly rows: number },
  colours: boolean,
): string[] {
  const { nowMs, rows, problems } = status;
  const top = [
    `oauth-token-exporter  ${nowMs === null ? 'reading…' : `as of ${formatInstant(nowMs) ?? ''}`}  (q ends)`,
    ...problems.map((problem) => `NOT UP TO DATE: ${printable(problem)}`),
    ...(nowMs === null ? [] : [formatSummary(rows), ...incidentLines(status, nowMs)]),
    '',
  ];
  const room = Math.max(0, height - top.length - linesOfTable - 1);
  const table = nowMs === null ? [] : tableLines(rows.slice(0, room), nowMs);
  const hidden = rows.length - room;
  const lines = [...top, ...table, ...(hidden > 0 ? [`… and ${String(hidden)} more`] : [])];
  return lines
    .slice(0, height)
    .map((line) => shorten(line, columns))
    .map((line) => (colours ? paint(line) : line));
}

function incidentLines({ incidents }: LiveStatus, nowMs: number): string[] {
  if (incidents === null) return ['incidents: not known, the memory can’t be read'];
  const shown = incidents.slice(0, mostIncidents).map((incident) => {
    const { provider, severity, firstSeenAtMs } = incident;
    const where = provider === null ? '' : `${printable(provider)}: `;
    const since = describeDistance(firstSeenAtMs - nowMs);
    return `OPEN ${where}${titleOf(incident).title} (${printable(severity)}, since ${since})`;
  });
  const rest = incidents.length - shown.length;
  return rest > 0 ? [...shown, `… and ${plural(rest, 'more incident')}`] : shown;
}

/** The status first: it must not be what a narrow terminal cuts off. */
function tableLines(rows: readonly StatusRow[], nowMs: number): string[] {
  const cells = rows.map(({ provider, id, subject, account, expiresAtMs, active, status }) => [
    tokenStatusWords[status],
    expiresAtMs === null || !Number.isFinite(expiresAtMs)
      ? (formatInstant(expiresAtMs) ?? 'no expiry')
      : describeDistance(expiresAtMs - nowMs),
    active ? '' : 'off',
    subject ?? id ?? '',
    account ?? '',
    provider,
  ]);
  const titles = ['token_status', 'expires', '', 'user_id', 'account', 'provider'];
  return formatTable(titles, cells).split('\n');
}

/** Colours the word that a line begins with. */
function paint(line: string): string {
  const style = (word: string, colour: (typeof statusColours)[keyof typeof statusColours]) =>
    styleText(colour, word, { validateStream: false }) + line.slice(word.length);
  for (const status of tokenStatuses) {
    const word = tokenStatusWords[status];
    if (line.startsWith(`${word} `)) return style(word, statusColours[status]);
  }
  for (const word of ['OPEN', 'NOT UP TO DATE'])
    if (line.startsWith(word)) return style(word, 'red');
  return line;
}
