import type { DynamicConfigValue, ValueMapping } from '@grafana/grafana-foundation-sdk/dashboard';
import { PanelBuilder } from '@grafana/grafana-foundation-sdk/table';
import {
  framed,
  stepsOf,
  tableQuery,
  thresholdsOf,
  type ColorSteps,
  type PanelSize,
  type PanelText,
  type Unit,
} from './panel.js';

/** A column: a label of the query, or `Value`, under the name people read. */
export interface Column {
  readonly field: string;
  readonly name: string;
  readonly unit?: Unit;
  readonly decimals?: number;
  /** In pixels; the columns without one share what is left. */
  readonly width?: number;
  readonly colors?: ColorSteps;
  readonly words?: ValueMapping[];
  /** Where a click on the cell leads; may use Grafana's `${__value.raw}`. */
  readonly link?: { readonly title: string; readonly url: string };
}

export interface TableSpec extends PanelText, PanelSize {
  readonly expr: string;
  /** In the order shown; labels that are not listed are left out. */
  readonly columns: readonly Column[];
}

function overridesOf(column: Column): DynamicConfigValue[] {
  const coloured = column.colors !== undefined || column.words !== undefined;
  return [
    ...(column.unit === undefined ? [] : [{ id: 'unit', value: column.unit }]),
    ...(column.width === undefined ? [] : [{ id: 'custom.width', value: column.width }]),
    ...(column.decimals === undefined ? [] : [{ id: 'decimals', value: column.decimals }]),
    ...(column.colors === undefined
      ? []
      : [{ id: 'thresholds', value: { mode: 'absolute', steps: stepsOf(column.colors) } }]),
    ...(column.words === undefined ? [] : [{ id: 'mappings', value: column.words }]),
    ...(coloured ? [{ id: 'custom.cellOptions', value: { type: 'color-text' } }] : []),
    ...(column.link === undefined
      ? []
      : [{ id: 'links', value: [{ ...column.link, targetBlank: true }] }]),
  ];
}

/** Present values as rows, in the order of the query. */
export function table(spec: TableSpec): PanelBuilder {
  const fields = spec.columns.map(({ field }) => field);
  const panel = framed(new PanelBuilder(), spec)
    .withTarget(tableQuery(spec.expr))
    .unit('none')
    .thresholds(thresholdsOf(['text']))
    .noValue('–')
    .transformations([
      { id: 'filterFieldsByName', options: { include: { names: fields } } },
      {
        id: 'organize',
        options: {
          indexByName: Object.fromEntries(fields.map((field, index) => [field, index])),
          renameByName: Object.fromEntries(spec.columns.map(({ field, name }) => [field, name])),
        },
      },
    ]);
  for (const column of spec.columns) {
    const overrides = overridesOf(column);
    if (overrides.length > 0) panel.overrideByName(column.name, overrides);
  }
  return panel;
}
