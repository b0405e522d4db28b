import {
  FieldType,
  getFieldDisplayValues,
  type DataFrame,
  type FieldConfigSource,
  type GrafanaTheme2,
  type TimeRange,
} from '@grafana/data';
import { BigValue, Table, TimeSeries } from '@grafana/ui';
import type { PanelJson } from './dashboard-json';

export interface DrawingProps {
  readonly panel: PanelJson;
  readonly frames: DataFrame[];
  readonly range: TimeRange;
  readonly theme: GrafanaTheme2;
  readonly width: number;
  readonly height: number;
}

/** The part of a panel below its title, by Grafana's own component for it. */
export function Drawing(props: DrawingProps) {
  const { panel, frames } = props;
  const empty = frames.every(({ length }) => length === 0);
  if (empty && panel.type !== 'stat') return <Nothing text={panel.fieldConfig?.defaults.noValue} />;
  switch (panel.type) {
    case 'stat':
      return <Stats {...props} />;
    case 'timeseries':
      return <Lines {...props} />;
    case 'table':
      return <Rows {...props} />;
    case 'barchart':
      return <Bars {...props} />;
    case 'row':
      return null;
  }
}

function Nothing({ text }: { text: string | undefined }) {
  return (
    <div style={{ display: 'grid', placeItems: 'center', height: '100%' }}>{text ?? 'No data'}</div>
  );
}

function Stats({ panel, frames, theme, width, height }: DrawingProps) {
  const values = getFieldDisplayValues({
    data: frames,
    fieldConfig: panel.fieldConfig as FieldConfigSource,
    reduceOptions: { calcs: ['lastNotNull'], values: false, fields: '' },
    replaceVariables: (text) => text,
    theme,
  });
  return (
    <div style={{ display: 'flex', gap: 4, height }}>
      {values.map(({ display }, index) => (
        <BigValue
          key={index}
          theme={theme}
          width={(width - 4 * (values.length - 1)) / values.length}
          height={height}
          value={display}
          count={values.length}
          colorMode={panel.options?.['colorMode'] as never}
          graphMode={panel.options?.['graphMode'] as never}
          textMode={panel.options?.['textMode'] as never}
        />
      ))}
    </div>
  );
}

function Lines({ panel, frames, range, width, height }: DrawingProps) {
  return (
    <TimeSeries
      frames={frames}
      timeRange={range}
      timeZone="utc"
      width={width}
      height={height}
      legend={panel.options?.['legend'] as never}
    />
  );
}

function Rows({ frames: [frame], width, height }: DrawingProps) {
  return frame === undefined ? null : <Table data={frame} width={width} height={height} />;
}

/** Bars stand over days: Grafana's component for bars along words is not for others to use. */
function Bars({ panel, frames: [frame], width, height, range }: DrawingProps) {
  if (frame === undefined) return null;
  const [axis, ...stacks] = frame.fields;
  const days = (axis?.values ?? []).map((day: string) => Date.parse(day));
  const bars: DataFrame = {
    ...frame,
    fields: [
      { name: 'Time', type: FieldType.time, values: days, config: {} },
      ...stacks.map((field) => ({
        ...field,
        config: {
          ...field.config,
          custom: {
            drawStyle: 'bars',
            fillOpacity: 80,
            barWidthFactor: 0.9,
            stacking: { mode: 'normal', group: 'A' },
          },
        },
      })),
    ],
  };
  const last = Math.max(...days);
  const from = range.to;
  const to =
    from.valueOf() > last ? from : from.clone().add(last - from.valueOf() + 86_400_000, 'ms');
  return (
    <TimeSeries
      frames={[bars]}
      timeRange={{ from, to, raw: { from, to } }}
      timeZone="utc"
      width={width}
      height={height}
      legend={panel.options?.['legend'] as never}
    />
  );
}
