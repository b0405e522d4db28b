import { readFileSync, readdirSync } from 'node:fs';

const folder = new URL('../../dashboards/', import.meta.url);

export interface Panel {
  readonly id: number;
  readonly type: string;
  readonly title: string;
  readonly description?: string;
  readonly datasource?: { readonly uid: string };
  readonly gridPos: {
    readonly x: number;
    readonly y: number;
    readonly w: number;
    readonly h: number;
  };
  readonly links?: readonly { readonly url: string }[];
  readonly targets?: readonly Target[];
  readonly options?: { readonly legend?: { readonly showLegend: boolean } };
  readonly fieldConfig?: {
    readonly defaults: {
      readonly unit?: string;
      readonly thresholds?: { readonly steps: unknown[] };
    };
  };
}

interface Target {
  readonly refId: string;
  readonly expr: string;
  readonly legendFormat?: string;
  readonly datasource?: { readonly uid: string };
}

interface Annotation {
  readonly name: string;
  readonly expr?: string;
}

export interface Dashboard {
  readonly uid: string;
  readonly title: string;
  readonly panels: readonly Panel[];
  readonly tags: readonly string[];
  readonly links: readonly unknown[];
  readonly annotations: { readonly list: readonly Annotation[] };
  readonly templating: { readonly list: readonly { readonly name: string }[] };
}

/** The generated files as they are shipped: name → text. */
export function dashboardFiles(): Map<string, string> {
  const names = readdirSync(folder).filter((name) => name.endsWith('.json'));
  return new Map(names.map((name) => [name, readFileSync(new URL(name, folder), 'utf8')]));
}

export function dashboards(): Dashboard[] {
  return [...dashboardFiles().values()].map((text) => JSON.parse(text) as Dashboard);
}

/** Panels that show something; rows are left out. */
export function panels(): Panel[] {
  return dashboards().flatMap((dashboard) =>
    dashboard.panels.filter((panel) => panel.type !== 'row'),
  );
}

/** One query of one panel or annotation, ready for a Prometheus. */
export interface PanelQuery {
  readonly dashboard: string;
  readonly panel: string;
  readonly refId: string;
  readonly expr: string;
}

/** Every query of every panel and annotation, with the variables as they stand when the dashboard is opened. */
export function panelQueries(): PanelQuery[] {
  return dashboards().flatMap((dashboard) => [
    ...dashboard.panels.flatMap((panel) =>
      (panel.targets ?? []).map(({ refId, expr }) => ({
        dashboard: dashboard.title,
        panel: panel.title,
        refId,
        expr: substituteVariables(expr),
      })),
    ),
    ...dashboard.annotations.list.flatMap(({ name, expr }) =>
      expr === undefined
        ? []
        : [
            {
              dashboard: dashboard.title,
              panel: `annotation ${name}`,
              refId: '',
              expr: substituteVariables(expr),
            },
          ],
    ),
  ]);
}

/** Puts "All" for each variable and a minute for the rate interval; throws on an unknown variable. */
export function substituteVariables(expr: string): string {
  const substituted = expr
    .replaceAll('$__rate_interval', '1m')
    .replaceAll(/\$(job|instance|provider|token)\b/g, '.*');
  if (substituted.includes('$')) throw new Error(`an unknown variable in: ${substituted}`);
  return substituted;
}
