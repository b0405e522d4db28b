import { alertsFiring, restarts } from './annotations.js';
import { dashboard } from './dashboard.js';
import { exporterHealthUid } from './links.js';
import { exporter } from './rows/exporter.js';
import { notifications } from './rows/notifications.js';
import { nodeProcess } from './rows/node-process.js';
import { stores } from './rows/stores.js';
import { datasourceVariable, instanceVariable, jobVariable } from './variables.js';

/** Whether the exporter itself can be believed: it sees, remembers, tells, and has room. */
export function exporterHealth(): ReturnType<typeof dashboard> {
  return dashboard({
    uid: exporterHealthUid,
    title: 'OAuth token exporter',
    description:
      'Whether the exporter polls, sees what it should, remembers, tells people, and has room.',
    variables: [datasourceVariable(), jobVariable(), instanceVariable()],
    annotations: [alertsFiring(), restarts()],
    rows: {
      'What it sees': exporter(),
      'What it remembers': stores(),
      'Whom it tells': notifications(),
      'The process': nodeProcess(),
    },
  });
}
