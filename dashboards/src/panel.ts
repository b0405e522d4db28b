import type { Builder, Dataquery } from '@grafana/grafana-foundation-sdk/cog';
import {
  DashboardLinkBuilder,
  DashboardLinkType,
  MappingType,
  ThresholdsConfigBuilder,
  ThresholdsMode,
  type DashboardLink,
  type Threshold,
  type ThresholdsConfig,
  type ValueMapping,
} from '@grafana/grafana-foundation-sdk/dashboard';
import { DataqueryBuilder, PromQueryFormat } from '@grafana/grafana-foundation-sdk/prometheus';
import { runbookUrl, type RunbookSection } from './links.js';

/** Every panel and query reads from the datasource that the dashboard's variable names. */
export const datasource = { type: 'prometheus', uid: '${datasource}' };

/** What every panel must say. A panel without it would make somebody guess at 3 a.m. */
export interface PanelText {
  readonly title: string;
  /** What the numbers are. */
  readonly shows: string;
  /** What to do when they look wrong. */
  readonly act: string;
  readonly runbook: RunbookSection;
}

/** Columns out of 24, and rows. */
export interface PanelSize {
  readonly width: number;
  readonly height: number;
}

/** Grafana's name of a unit, as far as this project uses them. */
export type Unit =
  'short' | 's' | 'dtdurations' | 'dateTimeFromNow' | 'reqps' | 'bytes' | 'percentunit' | 'none';

export type Color = 'green' | 'yellow' | 'orange' | 'red' | 'blue' | 'purple' | 'text';

/** A colour from a value on; the first step holds below every other. */
export type ColorSteps = readonly [base: Color, ...from: (readonly [number, Color])[]];

function descriptionOf({ shows, act }: PanelText): string {
  return `${shows}\n\n**What to do:** ${act}`;
}

/** The part of the SDK's panel builders that every kind of panel has. */
interface AnyPanelBuilder {
  title(title: string): this;
  description(description: string): this;
  links(links: Builder<DashboardLink>[]): this;
  datasource(reference: typeof datasource): this;
  span(columns: number): this;
  height(rows: number): this;
}

/** What all panels have in common: their words, their runbook section, where they read, their size. */
export function framed<Panel extends AnyPanelBuilder>(
  panel: Panel,
  spec: PanelText & PanelSize,
): Panel {
  return panel
    .title(spec.title)
    .description(descriptionOf(spec))
    .links([runbookLink(spec)])
    .datasource(datasource)
    .span(spec.width)
    .height(spec.height);
}

function runbookLink({ runbook }: PanelText): Builder<DashboardLink> {
  return new DashboardLinkBuilder(`Runbook: ${runbook}`)
    .type(DashboardLinkType.Link)
    .url(runbookUrl(runbook))
    .targetBlank(true);
}

export function stepsOf([base, ...from]: ColorSteps): Threshold[] {
  return [{ value: null, color: base }, ...from.map(([value, color]) => ({ value, color }))];
}

export function thresholdsOf(steps: ColorSteps): Builder<ThresholdsConfig> {
  return new ThresholdsConfigBuilder().mode(ThresholdsMode.Absolute).steps(stepsOf(steps));
}

/** Words, in a colour, for values that are words or flags. */
export function wordsFor(
  words: Readonly<Record<string, { readonly text: string; readonly color: Color }>>,
): ValueMapping[] {
  return [{ type: MappingType.ValueToText, options: words }];
}

/** Query names in the order of a panel's queries: A, B, C. */
function refId(index: number): string {
  return String.fromCharCode('A'.charCodeAt(0) + index);
}

/** Queries over the dashboard's time range; `legend` names each series by its labels. */
export function rangeQueries(
  queries: readonly { readonly expr: string; readonly legend: string }[],
): Builder<Dataquery>[] {
  return queries.map(({ expr, legend }, index) =>
    queryOf(expr).range().legendFormat(legend).refId(refId(index)),
  );
}

/** A query for the present value. */
export function instantQuery(expr: string, legend: string): Builder<Dataquery> {
  return queryOf(expr).instant().legendFormat(legend);
}

/** A query for the present values with their labels as columns. */
export function tableQuery(expr: string): Builder<Dataquery> {
  return queryOf(expr).instant().format(PromQueryFormat.Table);
}

function queryOf(expr: string): DataqueryBuilder {
  return new DataqueryBuilder().datasource(datasource).refId(refId(0)).expr(expr);
}
