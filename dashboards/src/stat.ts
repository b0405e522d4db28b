import {
  BigValueColorMode,
  BigValueGraphMode,
  BigValueTextMode,
  ReduceDataOptionsBuilder,
} from '@grafana/grafana-foundation-sdk/common';
import { PanelBuilder } from '@grafana/grafana-foundation-sdk/stat';
import {
  framed,
  instantQuery,
  thresholdsOf,
  type ColorSteps,
  type PanelSize,
  type PanelText,
  type Unit,
} from './panel.js';

export interface StatSpec extends PanelText, PanelSize {
  readonly expr: string;
  /** Name of each value; it is shown as soon as there is more than one. */
  readonly legend: string;
  readonly unit: Unit;
  readonly decimals: number;
  readonly colors: ColorSteps;
  /** What stands there when the query has no answer, and that is good news. */
  readonly none?: string;
}

/** One large present value per series, coloured by what it means. */
export function stat(spec: StatSpec): PanelBuilder {
  return framed(new PanelBuilder(), spec)
    .withTarget(instantQuery(spec.expr, spec.legend))
    .unit(spec.unit)
    .decimals(spec.decimals)
    .thresholds(thresholdsOf(spec.colors))
    .noValue(spec.none ?? 'no data')
    .reduceOptions(new ReduceDataOptionsBuilder().calcs(['lastNotNull']))
    .colorMode(BigValueColorMode.Background)
    .graphMode(BigValueGraphMode.None)
    .textMode(BigValueTextMode.Auto);
}
