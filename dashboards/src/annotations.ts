import { AnnotationQueryBuilder } from '@grafana/grafana-foundation-sdk/dashboard';
import { datasource, type Color } from './panel.js';
import { acrossReplicas, ofExporter, ofProvider } from './promql.js';

/** A mark, or a region while it lasts, over every panel with a time axis. */
interface Annotation {
  readonly name: string;
  /** Drawn where it has a value other than 0. */
  readonly expr: string;
  readonly color: Color;
  readonly title: string;
  readonly text: string;
}

function annotation({ name, expr, color, title, text }: Annotation): AnnotationQueryBuilder {
  return new AnnotationQueryBuilder()
    .name(name)
    .datasource(datasource)
    .enable(true)
    .iconColor(color)
    .expr(expr)
    .step('60s')
    .titleFormat(title)
    .textFormat(text);
}

export function alertsFiring(): AnnotationQueryBuilder {
  return annotation({
    name: 'Alerts firing',
    expr: 'ALERTS{alertname=~"OAuth.+", severity!="none", alertstate="firing"}',
    color: 'red',
    title: '{{alertname}}',
    text: '{{provider}}{{source}}',
  });
}

export function incidentsOpen(): AnnotationQueryBuilder {
  return annotation({
    name: 'Incidents',
    expr: `${acrossReplicas(ofExporter('oauth_incidents_open'))} == 1`,
    color: 'orange',
    title: 'Incident: {{cause}}',
    text: '{{provider}}',
  });
}

export function watchesRunning(): AnnotationQueryBuilder {
  return annotation({
    name: 'Stability watches',
    expr: `${acrossReplicas(ofExporter('oauth_stability_watch_active'))} == 1`,
    color: 'blue',
    title: 'Stability watch',
    text: '{{providers}}',
  });
}

export function tokensRefreshed(): AnnotationQueryBuilder {
  return annotation({
    name: 'Refreshes',
    expr: `sum by (provider) (increase(${ofProvider('oauth_token_refreshes_total')}[2m])) > 0`,
    color: 'green',
    title: 'Refreshes',
    text: '{{provider}}',
  });
}

export function restarts(): AnnotationQueryBuilder {
  return annotation({
    name: 'Restarts',
    expr: `changes(${ofExporter('process_start_time_seconds')}[2m]) > 0`,
    color: 'purple',
    title: 'Restart',
    text: '{{instance}}',
  });
}
