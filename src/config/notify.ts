import type { z } from 'zod';
import type { NotifyConfig, WebhookConfig } from './notify-config.js';
import { environmentVariables } from './environment.js';
import type { notifyEnvironment, notifySchema } from './notify-schema.js';
import { quote, suggestion, type ConfigProblem } from './problem.js';
import { isSafeUrl } from './safe-url.js';

type Variables = {
  readonly [Name in keyof typeof notifyEnvironment]?: z.output<(typeof notifyEnvironment)[Name]>;
};

export interface ResolvedNotify {
  readonly config: NotifyConfig;
  readonly problems: readonly ConfigProblem[];
}

/** Joins what the file says of webhooks and routes with what the environment says. */
export function resolveNotify(
  file: z.output<typeof notifySchema> | null,
  {
    environment,
    providers,
    readVariable,
  }: {
    readonly environment: Variables;
    /** The names of those that are configured. */
    readonly providers: readonly string[];
    readonly readVariable: (name: string) => string | ConfigProblem | null;
  },
): ResolvedNotify {
  const problems: ConfigProblem[] = [];
  const webhooks: WebhookConfig[] = [];
  const addOwn = (name: string, url: string | undefined) => {
    if (url !== undefined) webhooks.push({ name, url });
  };
  addOwn('slack', environment.SLACK_WEBHOOK_URL);
  for (const [name, reference] of Object.entries(file?.webhooks ?? {})) {
    const url = readUrl(reference, `notify.webhooks.${name}`, readVariable);
    if (typeof url === 'string') webhooks.push({ name, url });
    else problems.push(url);
  }
  const routes = file?.routes ?? [];
  // One that has no URL is a problem already, and not of its routes.
  const known = ['slack', ...Object.keys(file?.webhooks ?? {})];
  for (const [index, route] of routes.entries()) {
    const path = `notify.routes[${String(index)}]`;
    const complain = (key: string, kind: string, name: string, names: readonly string[]) => {
      if (names.includes(name)) return;
      const message = `no ${kind} is named ${quote(name)}, ${suggestion(name, names)}`;
      problems.push({ path: `${path}.${key}`, message });
    };
    complain('webhook', 'webhook', route.webhook, known);
    for (const [place, name] of route.providers.entries()) {
      complain(`providers[${String(place)}]`, 'provider', name, providers);
    }
  }
  addOwn('slack-fallback', environment.SLACK_FALLBACK_WEBHOOK_URL);
  return {
    problems,
    config: {
      webhooks,
      routes,
      accounts: environment.ACCOUNTS ?? file?.accounts ?? environmentVariables.ACCOUNTS.default,
      mention: environment.SLACK_MENTION ?? file?.mention ?? null,
      links: {
        statusPage: environment.PUBLIC_URL ?? null,
        runbook: environment.RUNBOOK_URL ?? environmentVariables.RUNBOOK_URL.default,
        dashboard: environment.DASHBOARD_URL ?? null,
        reconnect: environment.RECONNECT_URL ?? null,
      },
      heartbeatUrl: environment.HEARTBEAT_URL ?? null,
    },
  };
}

function readUrl(
  reference: string,
  path: string,
  readVariable: (name: string) => string | ConfigProblem | null,
): string | ConfigProblem {
  const variable = reference.slice(2, -1);
  const url = readVariable(variable);
  if (url === null) {
    return { path, message: `names ${variable}, which is not set in the environment` };
  }
  if (typeof url !== 'string' || isSafeUrl(url)) return url;
  return { path: variable, message: 'must be an https URL (http is for loopback addresses only)' };
}
