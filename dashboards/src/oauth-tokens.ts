import {
  AnnotationQueryBuilder,
  DatasourceVariableBuilder,
  QueryVariableBuilder,
  VariableRefresh,
  VariableSort,
} from '@grafana/grafana-foundation-sdk/dashboard';
import { dashboard } from './dashboard.js';
import { dashboardUid } from './links.js';
import { datasource } from './panel.js';
import { accessTokens } from './rows/access-tokens.js';
import { atAGlance } from './rows/at-a-glance.js';
import { calendar } from './rows/calendar.js';
import { cron } from './rows/cron.js';
import { exporter } from './rows/exporter.js';
import { incidents } from './rows/incidents.js';
import { notifications } from './rows/notifications.js';
import { refresh } from './rows/refresh.js';
import { syncs } from './rows/syncs.js';
import { watch } from './rows/watch.js';
import { webhooks } from './rows/webhooks.js';

/** The answer first, then what it rests on, from the tokens down to the exporter. */
export function oauthTokens(): ReturnType<typeof dashboard> {
  return dashboard({
    uid: dashboardUid,
    title: 'OAuth tokens',
    description:
      'The state of every OAuth token and grant, of the refreshes, of the syncs that use them and of the exporter.',
    variables: [
      new DatasourceVariableBuilder('datasource').label('Prometheus').type('prometheus'),
      choice('job', 'Job', 'oauth_token_exporter_build_info'),
      choice('instance', 'Exporter', 'oauth_token_exporter_build_info{job=~"$job"}'),
      choice('provider', 'Provider', 'oauth_tokens{job=~"$job"}'),
    ],
    annotations: [
      new AnnotationQueryBuilder()
        .name('Alerts firing')
        .datasource(datasource)
        .enable(true)
        .iconColor('red')
        .expr('ALERTS{alertname=~"OAuth.+", severity!="none", alertstate="firing"}')
        .step('60s')
        .titleFormat('{{alertname}}')
        .textFormat('{{provider}}{{source}}'),
    ],
    rows: {
      'Is anything wrong?': atAGlance(),
      Incidents: incidents(),
      'Access tokens': accessTokens(),
      'What expires when': calendar(),
      Refresh: refresh(),
      Syncs: syncs(),
      'Cron jobs': cron(),
      Webhooks: webhooks(),
      'Stability watch': watch(),
      'Messages to people': notifications(),
      'The exporter itself': exporter(),
    },
  });
}

/** A variable over the values of a label, named like the label, that starts with all of them. */
function choice(label: string, title: string, metric: string): QueryVariableBuilder {
  return new QueryVariableBuilder(label)
    .label(title)
    .datasource(datasource)
    .query({ query: `label_values(${metric}, ${label})`, refId: label })
    .refresh(VariableRefresh.OnTimeRangeChanged)
    .sort(VariableSort.AlphabeticalAsc)
    .multi(true)
    .includeAll(true)
    .allValue('.*')
    .current({ text: 'All', value: '$__all' });
}
