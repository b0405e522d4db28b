import { alertsFiring, incidentsOpen, watchesRunning } from './annotations.js';
import { dashboard } from './dashboard.js';
import { overviewUid } from './links.js';
import { accessTokens } from './rows/access-tokens.js';
import { atAGlance } from './rows/at-a-glance.js';
import { calendar } from './rows/calendar.js';
import { cron } from './rows/cron.js';
import { grants } from './rows/grants.js';
import { incidents } from './rows/incidents.js';
import { syncs } from './rows/syncs.js';
import { watch } from './rows/watch.js';
import { webhooks } from './rows/webhooks.js';
import {
  datasourceVariable,
  instanceVariable,
  jobVariable,
  providerVariable,
} from './variables.js';

/** Is anything wrong, for whom, since when: the answer first, then what it rests on. */
export function overview(): ReturnType<typeof dashboard> {
  return dashboard({
    uid: overviewUid,
    title: 'OAuth tokens',
    description:
      'Is anything wrong with the OAuth tokens, the grants behind them, or the jobs that use them?',
    variables: [datasourceVariable(), jobVariable(), instanceVariable(), providerVariable()],
    annotations: [alertsFiring(), incidentsOpen(), watchesRunning()],
    rows: {
      'Is anything wrong?': atAGlance(),
      Incidents: incidents(),
      Grants: grants(),
      'Access tokens': accessTokens(),
      'What expires when': calendar(),
      Syncs: syncs(),
      'Cron jobs': cron(),
      Webhooks: webhooks(),
      'Stability watch': watch(),
    },
  });
}
