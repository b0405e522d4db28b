import {
  LegendDisplayMode,
  LegendPlacement,
  StackingMode,
  VisibilityMode,
  VizLegendOptionsBuilder,
} from '@grafana/grafana-foundation-sdk/common';
import { PanelBuilder } from '@grafana/grafana-foundation-sdk/barchart';
import {
  framed,
  tableQuery,
  thresholdsOf,
  type Color,
  type PanelSize,
  type PanelText,
  type Unit,
} from './panel.js';

export interface BarChartSpec extends PanelText, PanelSize {
  readonly expr: string;
  /** Label whose values stand along the axis, and label whose values are stacked in each bar. */
  readonly axis: string;
  readonly stack: string;
  readonly unit: Unit;
  /** Value of `stack` → its colour. */
  readonly colorOf: Readonly<Record<string, Color>>;
}

/** Present values as stacked bars along the values of a label. */
export function barChart(spec: BarChartSpec): PanelBuilder {
  const panel = framed(new PanelBuilder(), spec)
    .withTarget(tableQuery(spec.expr))
    .unit(spec.unit)
    .decimals(0)
    .thresholds(thresholdsOf(['green']))
    .noValue('nothing expires')
    .transformations([
      {
        id: 'groupingToMatrix',
        options: { rowField: spec.axis, columnField: spec.stack, valueField: 'Value' },
      },
      { id: 'sortBy', options: { sort: [{ field: `${spec.axis}\\${spec.stack}` }] } },
    ])
    .xField(`${spec.axis}\\${spec.stack}`)
    .stacking(StackingMode.Normal)
    .showValue(VisibilityMode.Never)
    .legend(
      new VizLegendOptionsBuilder()
        .showLegend(true)
        .displayMode(LegendDisplayMode.List)
        .placement(LegendPlacement.Bottom)
        .calcs([]),
    );
  for (const [value, color] of Object.entries(spec.colorOf)) {
    panel.overrideByName(value, [{ id: 'color', value: { mode: 'fixed', fixedColor: color } }]);
  }
  return panel;
}
