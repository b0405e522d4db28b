import { z } from 'zod';
import { accountModes } from './notify-config.js';
import { environmentVariables } from './environment.js';
import { endpointUrl, isSafeUrl } from './safe-url.js';
import { strictMap } from './strict-map.js';

/** Each form of a mention that Slack knows (docs.slack.dev, "Formatting text for app surfaces"). */
const mentions = /^(<(!here|!channel|!everyone|@[UW][A-Z0-9]+|!subteam\^S[A-Z0-9]+)>( |$))+$/;

const mention = z
  .string()
  .refine(
    (text) => mentions.test(text) && text.length <= 200,
    'must be <!here>, <!channel>, <@U…> or <!subteam^S…>, or several of them with a blank between',
  );

const accounts = z.enum(accountModes, `must be one of ${accountModes.join(', ')}`);

/** Four buttons and the rest of a message fit into what Slack accepts. */
const longestLink = 500;

const link = z
  .string()
  .refine(
    (text) => isSafeUrl(text) && text.length <= longestLink,
    `must be an absolute https URL of at most ${String(longestLink)} characters (http is for loopback addresses only)`,
  );

const severity = z.enum(['critical', 'warning', 'info'], 'must be one of critical, warning, info');

/** A webhook's URL is a secret: the file names the variable that holds it. */
const webhookVariable = z
  .string()
  .refine(
    (text) => /^\$\{[A-Z][A-Z0-9_]*\}$/.test(text),
    'must name the environment variable that holds the URL, such as ${SLACK_WEBHOOK_PAYMENTS}',
  );

const webhookName = z
  .string()
  .refine(
    (text) => /^[a-z][a-z0-9_-]{0,30}$/.test(text) && !reservedNames.includes(text),
    'the name of a webhook is lower-case letters, digits, _ and -, a letter first, and none of slack, slack-fallback, log',
  );

/** `SLACK_WEBHOOK_URL`, `SLACK_FALLBACK_WEBHOOK_URL`, and what is told to nobody else. */
const reservedNames = ['slack', 'slack-fallback', 'log'];

/** The key `notify` of the file. */
export const notifySchema = strictMap({
  accounts: accounts.default(environmentVariables.ACCOUNTS.default),
  mention: mention.nullable().default(null),
  webhooks: z.record(webhookName, webhookVariable).default({}),
  routes: z
    .array(
      strictMap({
        providers: z.array(z.string()).default([]),
        severities: z.array(severity).default([]),
        webhook: z.string(),
      }),
    )
    .default([]),
}).prefault({});

/** What the environment sets. */
export const notifyEnvironment = {
  SLACK_WEBHOOK_URL: endpointUrl.optional(),
  SLACK_FALLBACK_WEBHOOK_URL: endpointUrl.optional(),
  SLACK_MENTION: mention.optional(),
  ACCOUNTS: accounts.optional(),
  PUBLIC_URL: link.optional(),
  RUNBOOK_URL: link.default(environmentVariables.RUNBOOK_URL.default),
  DASHBOARD_URL: link.optional(),
  RECONNECT_URL: link.optional(),
  HEARTBEAT_URL: endpointUrl.optional(),
};
