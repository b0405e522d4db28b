import {
  LegendDisplayMode,
  LegendPlacement,
  SortOrder,
  StackingConfigBuilder,
  StackingMode,
  TooltipDisplayMode,
  VisibilityMode,
  VizLegendOptionsBuilder,
  VizTooltipOptionsBuilder,
} from '@grafana/grafana-foundation-sdk/common';
import { FieldColorBuilder, FieldColorModeId } from '@grafana/grafana-foundation-sdk/dashboard';
import { PanelBuilder } from '@grafana/grafana-foundation-sdk/timeseries';
import {
  framed,
  rangeQueries,
  thresholdsOf,
  type Color,
  type PanelSize,
  type PanelText,
  type Unit,
} from './panel.js';

export interface TimeSeriesSpec extends PanelText, PanelSize {
  readonly queries: readonly { readonly expr: string; readonly legend: string }[];
  readonly unit: Unit;
  /** Whole numbers of things add up to a stack; durations do not. */
  readonly stacked?: boolean;
  /** End of a series' name → the colour that says what it means. */
  readonly colorOf?: Readonly<Record<string, Color>>;
  /** End of the name of a series that is a limit, not a measurement: drawn dashed and red. */
  readonly limit?: string;
}

function named(ending: string): string {
  return `/${ending}$/`;
}

/** Lines over time, the present value of each beside its name. */
export function timeSeries(spec: TimeSeriesSpec): PanelBuilder {
  const panel = framed(new PanelBuilder(), spec)
    .targets(rangeQueries(spec.queries))
    .unit(spec.unit)
    .thresholds(thresholdsOf(['green']))
    .colorScheme(new FieldColorBuilder().mode(FieldColorModeId.PaletteClassic))
    .lineWidth(1)
    .fillOpacity(spec.stacked === true ? 30 : 5)
    .showPoints(VisibilityMode.Never)
    .stacking(
      new StackingConfigBuilder()
        .group('A')
        .mode(spec.stacked === true ? StackingMode.Normal : StackingMode.None),
    )
    .legend(
      new VizLegendOptionsBuilder()
        .showLegend(true)
        .displayMode(LegendDisplayMode.List)
        .placement(LegendPlacement.Bottom)
        .calcs(['lastNotNull']),
    )
    .tooltip(
      new VizTooltipOptionsBuilder().mode(TooltipDisplayMode.Multi).sort(SortOrder.Descending),
    );
  for (const [ending, color] of Object.entries(spec.colorOf ?? {})) {
    panel.overrideByRegexp(named(ending), [
      { id: 'color', value: { mode: 'fixed', fixedColor: color } },
    ]);
  }
  if (spec.limit !== undefined) {
    panel.overrideByRegexp(named(spec.limit), [
      { id: 'color', value: { mode: 'fixed', fixedColor: 'red' } },
      { id: 'custom.lineStyle', value: { fill: 'dash', dash: [10, 10] } },
      { id: 'custom.fillOpacity', value: 0 },
    ]);
  }
  return panel;
}
