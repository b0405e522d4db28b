/* eslint-disable @typescript-eslint/no-deprecated --
   The SDK recommends Grafana's v2 format, which older Grafanas cannot read. The classic format is
   what every Grafana imports and provisions from a file. */
import type { Builder } from '@grafana/grafana-foundation-sdk/cog';
import {
  DashboardBuilder,
  DashboardCursorSync,
  DashboardLinkBuilder,
  DashboardLinkType,
  RowBuilder,
  type AnnotationQuery,
  type Dashboard,
  type Panel,
  type VariableModel,
} from '@grafana/grafana-foundation-sdk/dashboard';
import { runbookUrl } from './links.js';

/** What our dashboards find each other by. */
const tag = 'oauth-token-exporter';

export interface DashboardSpec {
  /** Stable for ever: bookmarks, alerts and provisioning use it. */
  readonly uid: string;
  readonly title: string;
  readonly description: string;
  readonly variables: Builder<VariableModel>[];
  readonly annotations: Builder<AnnotationQuery>[];
  /** Title of a row → its panels, which fill the 24 columns from left to right. */
  readonly rows: Readonly<Record<string, readonly Builder<Panel>[]>>;
}

/** A dashboard in Grafana's classic format, every panel with an id, the runbook one click away. */
export function dashboard(spec: DashboardSpec): Dashboard {
  const builder = new DashboardBuilder(spec.title)
    .uid(spec.uid)
    .description(spec.description)
    .tags(['oauth', tag])
    .time({ from: 'now-24h', to: 'now' })
    .refresh('30s')
    .tooltip(DashboardCursorSync.Crosshair)
    .variables(spec.variables)
    .annotations(spec.annotations)
    .link(
      new DashboardLinkBuilder('OAuth dashboards')
        .type(DashboardLinkType.Dashboards)
        .tags([tag])
        .asDropdown(true)
        .keepTime(true)
        .includeVars(true),
    )
    .link(
      new DashboardLinkBuilder('Runbook')
        .type(DashboardLinkType.Link)
        .icon('doc')
        .url(runbookUrl('Start here'))
        .targetBlank(true),
    );
  for (const [title, panels] of Object.entries(spec.rows)) {
    builder.withRow(new RowBuilder(title));
    for (const panel of panels) builder.withPanel(panel);
  }
  return completed(builder.build());
}

/**
 * Repairs what the SDK's defaults get wrong: panels have no id, which links to one need, and links
 * and annotations are hidden in a menu.
 */
function completed(built: Dashboard): Dashboard {
  const visible = <T extends { placement?: unknown }>({ placement: _, ...rest }: T) => rest;
  return {
    ...built,
    panels: (built.panels ?? []).map((panel, index) => ({ ...panel, id: index + 1 })),
    links: (built.links ?? []).map(visible),
    annotations: { list: (built.annotations.list ?? []).map(visible) },
  };
}
