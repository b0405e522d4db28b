import type { z } from 'zod';
import type { RefreshConfig } from './refresh-config.js';
import { fillVariables } from './fill-variables.js';
import type { ConfigProblem } from './problem.js';
import { isMap, type RawMap } from './raw-map.js';
import type { providerSchema } from './schema.js';

interface RefreshSources {
  readonly preset: unknown;
  readonly own: unknown;
  readonly path: readonly PropertyKey[];
  readonly readVariable: (name: string) => string | ConfigProblem | null;
}

interface ResolvedRefresh {
  /** What the schema checks: variables put in, and without the ways that are not possible here. */
  readonly mapping: unknown;
  readonly problems: readonly ConfigProblem[];
}

/** In the order in which they are preferred. */
const ways = ['token_endpoint', 'app_endpoint'] as const;

/**
 * Merges a provider's `refresh` with its preset's, key by key, and puts the environment in.
 *
 * A preset may offer a way whose variables are not set here: it is then left out. In a user's own
 * file the same is a problem.
 */
export function resolveRefresh({
  preset,
  own,
  path,
  readVariable,
}: RefreshSources): ResolvedRefresh {
  if (own === null) return { mapping: null, problems: [] };
  if (own !== undefined && !isMap(own)) return { mapping: own, problems: [] };
  const merged: RawMap = { ...(isMap(preset) ? preset : {}), ...own };
  const { mapping, problems } = fillVariables(merged, { own, path, readVariable });
  const possible = ways.some((way) => mapping[way] != null);
  return { mapping: possible || own !== undefined ? mapping : null, problems };
}

/** The one way that is taken; null when there is none. */
export function toRefresh(
  refresh: NonNullable<z.output<typeof providerSchema>['refresh']>,
): RefreshConfig | null {
  const way = toWay(refresh);
  return (
    way && {
      mode: refresh.mode,
      way,
      rateLimit: refresh.rate_limit,
      concurrency: refresh.concurrency,
      invalidGrantConfirmAfterMs: refresh.invalid_grant_confirm_after,
    }
  );
}

function toWay({
  token_endpoint,
  app_endpoint,
}: NonNullable<z.output<typeof providerSchema>['refresh']>): RefreshConfig['way'] | null {
  if (token_endpoint !== null) {
    return {
      kind: 'token_endpoint',
      url: token_endpoint.url,
      clientId: token_endpoint.client_id,
      clientSecret: token_endpoint.client_secret,
      clientAuthentication: token_endpoint.client_authentication,
      parameters: token_endpoint.parameters,
      headers: token_endpoint.headers,
      errorAliases: token_endpoint.error_aliases,
    };
  }
  return (
    app_endpoint && {
      kind: 'app_endpoint',
      url: app_endpoint.url,
      headers: app_endpoint.headers,
      body: app_endpoint.body,
      perRow: app_endpoint.per_row,
    }
  );
}
