import { alertsFiring, incidentsOpen, tokensRefreshed } from './annotations.js';
import { dashboard } from './dashboard.js';
import { tokenDetailUid } from './links.js';
import { eachToken } from './rows/each-token.js';
import { limits } from './rows/limits.js';
import { refreshes } from './rows/refreshes.js';
import {
  datasourceVariable,
  instanceVariable,
  jobVariable,
  providerVariable,
  tokenVariable,
} from './variables.js';

/** One provider, or one token: how it lived, and what the refreshes did for it. */
export function tokenDetail(): ReturnType<typeof dashboard> {
  return dashboard({
    uid: tokenDetailUid,
    title: 'OAuth tokens: one by one',
    description:
      'The life of each token, and the refreshes that keep it alive. Choose a provider, then a token.',
    variables: [
      datasourceVariable(),
      jobVariable(),
      instanceVariable(),
      providerVariable(),
      tokenVariable(),
    ],
    annotations: [alertsFiring(), incidentsOpen(), tokensRefreshed()],
    rows: {
      'Each token': eachToken(),
      Limits: limits(),
      'Refreshes of the provider': refreshes(),
    },
  });
}
