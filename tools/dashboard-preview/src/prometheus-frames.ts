import { FieldType, type DataFrame, type Field, type Labels, type TimeRange } from '@grafana/data';
import type { Target } from './dashboard-json';

interface Series {
  readonly metric: Labels;
  readonly value?: [number, string];
  readonly values?: [number, string][];
}

/** Asks Prometheus (proxied under /api) and answers in the shape Grafana's own datasource gives. */
export async function framesOf(target: Target, range: TimeRange): Promise<DataFrame[]> {
  const expr = substitute(target.expr);
  const to = range.to.valueOf() / 1000;
  const from = range.from.valueOf() / 1000;
  const series =
    target.range === true
      ? await ask('query_range', { query: expr, start: from, end: to, step: stepOf(from, to) })
      : await ask('query', { query: expr, time: to });
  if (target.format === 'table') return [tableFrame(target.refId, series)];
  return series.map((each) => seriesFrame(target, each));
}

async function ask(path: string, parameters: Record<string, string | number>): Promise<Series[]> {
  const search = new URLSearchParams(
    Object.entries(parameters).map(([name, value]) => [name, String(value)]),
  );
  const answer = await fetch(`/api/v1/${path}?${search.toString()}`);
  const body = (await answer.json()) as { error?: string; data?: { result: Series[] } };
  if (body.data === undefined) throw new Error(body.error ?? `Prometheus answers ${answer.status}`);
  return body.data.result;
}

const stepOf = (from: number, to: number): number => Math.max(5, Math.round((to - from) / 200));

/** "All" for each variable; the demo is scraped every few seconds. */
function substitute(expr: string): string {
  return expr
    .replaceAll('$__rate_interval', '1m')
    .replaceAll(/\$(job|instance|provider|token)\b/g, '.*');
}

function seriesFrame(
  { refId, legendFormat }: Target,
  { metric, value, values }: Series,
): DataFrame {
  const points = values ?? (value === undefined ? [] : [value]);
  const name = (legendFormat ?? '').replaceAll(
    /\{\{(\w+)\}\}/g,
    (_, label: string) => metric[label] ?? '',
  );
  return {
    refId,
    length: points.length,
    fields: [
      field(
        'Time',
        FieldType.time,
        points.map(([seconds]) => seconds * 1000),
      ),
      {
        ...field(
          'Value',
          FieldType.number,
          points.map(([, text]) => Number(text)),
        ),
        labels: metric,
        config: { displayNameFromDS: name },
      },
    ],
  };
}

function tableFrame(refId: string, series: readonly Series[]): DataFrame {
  const labels = [...new Set(series.flatMap(({ metric }) => Object.keys(metric)))].sort();
  return {
    refId,
    length: series.length,
    fields: [
      field(
        'Time',
        FieldType.time,
        series.map(({ value }) => (value?.[0] ?? 0) * 1000),
      ),
      ...labels.map((label) =>
        field(
          label,
          FieldType.string,
          series.map(({ metric }) => metric[label] ?? ''),
        ),
      ),
      field(
        'Value',
        FieldType.number,
        series.map(({ value }) => Number(value?.[1])),
      ),
    ],
  };
}

function field(name: string, type: FieldType, values: unknown[]): Field {
  return { name, type, values, config: {} };
}
