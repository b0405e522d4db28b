import {
  DatasourceVariableBuilder,
  QueryVariableBuilder,
  VariableRefresh,
  VariableSort,
} from '@grafana/grafana-foundation-sdk/dashboard';
import { datasource } from './panel.js';

export function datasourceVariable(): DatasourceVariableBuilder {
  return new DatasourceVariableBuilder('datasource').label('Prometheus').type('prometheus');
}

export function jobVariable(): QueryVariableBuilder {
  return choice('job', 'Job', 'oauth_token_exporter_build_info');
}

export function instanceVariable(): QueryVariableBuilder {
  return choice('instance', 'Exporter', 'oauth_token_exporter_build_info{job=~"$job"}');
}

export function providerVariable(): QueryVariableBuilder {
  return choice('provider', 'Provider', 'oauth_tokens{job=~"$job"}');
}

/** Tokens with a series of their own; the others can't be chosen. */
export function tokenVariable(): QueryVariableBuilder {
  return choice(
    'token',
    'Token',
    'oauth_token_expiration_timestamp_seconds{job=~"$job", provider=~"$provider"}',
    'token_id',
  );
}

/** A variable over the values of a label, that starts with all of them. */
function choice(name: string, title: string, metric: string, label = name): QueryVariableBuilder {
  return new QueryVariableBuilder(name)
    .label(title)
    .datasource(datasource)
    .query({ query: `label_values(${metric}, ${label})`, refId: name })
    .refresh(VariableRefresh.OnTimeRangeChanged)
    .sort(VariableSort.AlphabeticalAsc)
    .multi(true)
    .includeAll(true)
    .allValue('.*')
    .current({ text: 'All', value: '$__all' });
}
